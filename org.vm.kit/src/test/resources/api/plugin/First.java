package first;

import java.util.List;
import org.vm.api.GuestArch;
import org.vm.api.isa.ControlRegister;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.isa.Into;

/** Uses what instructions of the first release could use. Compiled with the API of then; never change it. */
@Extension("xfirst")
@ControlRegister(number = 0x800, name = "facc")
public final class First implements InstructionExtension {
    @Override
    public GuestArch architecture() {
        return GuestArch.RISCV64;
    }

    @Override
    public String name() {
        return "xfirst";
    }

    @Override
    public List<Class<?>> instructions() {
        return List.of(First.class);
    }

    @Into("facc")
    @Encoding(value = "0000000 rs2 rs1 000 00000 0001011", name = "first.mac")
    public static long mac(long facc, long rs1, long rs2) {
        return facc + rs1 * rs2;
    }
}
