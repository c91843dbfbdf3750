package template.instructions;

import org.vm.api.isa.ControlRegister;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;
import org.vm.api.isa.Into;

/** One method is one instruction: encoding, operands (parameter names), meaning. */
@Extension("xmyext")
@ControlRegister(number = 0x800, name = "macc")
public final class MyExtInstructions {
    private MyExtInstructions() {}

    /** macc = macc + rs1 * rs2: custom-0, funct3 0, funct7 0. */
    @Into("macc")
    @Encoding(value = "0000000 rs2 rs1 000 00000 0001011", name = "my.mac")
    public static long mac(long macc, long rs1, long rs2) {
        return macc + rs1 * rs2;
    }

    /** rd = number of bits that differ between rs1 and rs2: custom-0, funct3 1, funct7 0. */
    @Encoding(value = "0000000 rs2 rs1 001 rd 0001011", name = "my.distance")
    public static long distance(long rs1, long rs2) {
        return Long.bitCount(rs1 ^ rs2);
    }
}
