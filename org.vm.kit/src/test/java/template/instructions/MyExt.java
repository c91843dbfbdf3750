package template.instructions;

import java.util.List;
import org.osgi.service.component.annotations.Component;
import org.vm.api.GuestArch;
import org.vm.api.isa.InstructionExtension;

/** Hands the instructions over: machines know them while the bundle is there. */
@Component
public final class MyExt implements InstructionExtension {
    @Override
    public GuestArch architecture() {
        return GuestArch.RISCV64;
    }

    @Override
    public String name() {
        return "xmyext";
    }

    @Override
    public List<Class<?>> instructions() {
        return List.of(MyExtInstructions.class);
    }
}
