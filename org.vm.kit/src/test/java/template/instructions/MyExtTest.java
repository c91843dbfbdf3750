package template.instructions;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vm.testing.BareHart;

/** On a hart, by the interpreter. */
class MyExtTest {
    private static final int A0 = 10;

    private static long run(String program) {
        try (BareHart hart = new BareHart(List.of(new MyExt()))) {
            hart.load(program);
            hart.runToEnd(100);
            return hart.x(A0);
        }
    }

    @Test
    void aProductIsAdded() {
        assertEquals(142, run("""
                li a0, 100
                csrw macc, a0
                li a1, 6
                li a2, 7
                my.mac a1, a2
                csrr a0, macc
                wfi
                """));
    }

    @Test
    void differentBitsAreCounted() {
        assertEquals(4, run("""
                li a1, 0xff
                li a2, 0x0f
                my.distance a0, a1, a2
                wfi
                """));
    }
}
