package template.instructions;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vm.testing.BareHart;

/** On a hart, by the interpreter. */
class MyExtTest {
    @Test
    void aProductIsAdded() {
        try (BareHart hart = new BareHart(List.of(new MyExt()))) {
            hart.load("""
                    li a0, 100
                    li a1, 6
                    li a2, 7
                    .word 0x00c5850b    # my.mac a0, a1, a2
                    wfi
                    """);
            hart.runToEnd(100);
            assertEquals(142, hart.x(10));
        }
    }

    @Test
    void differentBitsAreCounted() {
        try (BareHart hart = new BareHart(List.of(new MyExt()))) {
            hart.load("""
                    li a1, 0xff
                    li a2, 0x0f
                    .word 0x00c5950b    # my.distance a0, a1, a2
                    wfi
                    """);
            hart.runToEnd(100);
            assertEquals(4, hart.x(10));
        }
    }
}
