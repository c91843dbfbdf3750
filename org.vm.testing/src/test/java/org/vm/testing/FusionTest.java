package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.vm.engine.interp.internal.Interpreter;

/** Random loops leave the same state whether their instructions run one by one or fused. */
class FusionTest {
    private static final String[] TWO_SOURCES = {"add", "sub", "xor", "and", "or", "sltu", "mul", "addw", "sll", "div", "sh1add"};
    /** Few registers, so that they often meet; zero among them. */
    private static final String[] REGISTERS = {"zero", "a0", "a1", "a2", "a3"};

    private static String program(Random random) {
        StringBuilder source = new StringBuilder("""
                        la      t0, trap
                        csrw    mtvec, t0
                        la      s0, data
                        li      s1, 40
                        li      s2, 0x40000000
                """);
        for (int i = 0; i < 4; i++) {
            source.append("li a").append(i).append(", ").append(random.nextInt()).append('\n');
        }
        source.append("loop:\n");
        int length = 1 + random.nextInt(20);
        for (int i = 0; i < length; i++) {
            source.append(instruction(random)).append('\n');
        }
        return source.append("""
                        addi    s1, s1, -1
                        bnez    s1, loop
                        wfi
                        .align  2
                trap:   wfi
                        .align  3
                data:   .zero   64
                """).toString();
    }

    private static String instruction(Random random) {
        String a = REGISTERS[random.nextInt(REGISTERS.length)];
        String b = REGISTERS[random.nextInt(REGISTERS.length)];
        String c = REGISTERS[random.nextInt(REGISTERS.length)];
        int offset = 8 * random.nextInt(8);
        return switch (random.nextInt(9)) {
            case 0 -> "addi " + a + ", " + b + ", " + (random.nextInt(4096) - 2048);
            case 1 -> "ld " + a + ", " + offset + "(s0)";
            case 2 -> "sd " + a + ", " + offset + "(s0)";
            case 3 -> "lbu " + a + ", " + offset + "(s0)";
            case 4 -> "auipc " + a + ", " + random.nextInt(100);
            case 5 -> "beq " + a + ", " + b + ", 1f\naddi " + c + ", " + c + ", 1\n1:";
            // Once in a while the loop ends in a trap, in the middle of hot code.
            case 6 -> random.nextInt(4) > 0 ? "c.mv a0, a1" : "li t2, " + random.nextInt(40)
                    + "\nbne s1, t2, 1f\nmv s0, s2\n1: ld t1, 0(s0)";
            default -> TWO_SOURCES[random.nextInt(TWO_SOURCES.length)] + " " + a + ", " + b + ", " + c;
        };
    }

    private static long[] run(String program, Interpreter engine) {
        try (BareHart hart = new BareHart(engine)) {
            hart.load(program);
            hart.runToEnd(100_000);
            long[] state = new long[36];
            System.arraycopy(hart.cpu().registers, 0, state, 0, 32);
            state[32] = hart.cpu().retired;
            state[33] = hart.cpu().pc;
            state[34] = hart.cpu().controlRegisters().get("mepc");
            state[35] = hart.cpu().controlRegisters().get("mcause");
            return state;
        }
    }

    @Property(tries = 150)
    void fusedLoopsDoWhatTheirInstructionsDo(@ForAll long seed) {
        String program = program(new Random(seed));
        long[] expected = run(program, new Interpreter(1000, 1000, 1, 0));
        for (int length : new int[] {2, 5, 64}) {
            // The threshold is passed in the third turn at the latest.
            assertArrayEquals(expected, run(program, new Interpreter(1000, 3, length, 4096)), program);
        }
        assertEquals(0, expected[0]);
    }
}
