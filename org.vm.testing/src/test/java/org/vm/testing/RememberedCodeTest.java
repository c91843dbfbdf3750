package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.ExecMode;
import org.vm.api.cpu.TranslationStats;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;

/** What was hot in one run is translated early in the next. */
class RememberedCodeTest {
    private static final int A0 = 10;
    private static final int SOON = 50;
    private static final int NEVER = 1_000_000_000;

    /** Runs for as long as it takes to have code compiled, with {@code distance} bytes in front of it. */
    private static final String LOOP = """
                    .zero   %d
                    li      a0, 0
                    li      a2, %d
            2:      li      a1, 1000
            1:      add     a0, a0, a1
                    addi    a1, a1, -1
                    bnez    a1, 1b
                    addi    a2, a2, -1
                    bnez    a2, 2b
                    wfi
            """;

    @TempDir
    Path folder;

    private TranslationStats run(int threshold, int distance, int turns) {
        try (JitEngine engine = new JitEngine(new Interpreter(), ExecMode.HYBRID, threshold, false, JitEngine.CODE_LIMIT,
                folder.resolve("regions")); BareHart hart = new BareHart(engine)) {
            hart.load(LOOP.formatted(distance, turns));
            hart.cpu().pc = BareHart.RAM + distance;
            hart.runToEnd(Long.MAX_VALUE);
            assertEquals(turns * 500_500L, hart.x(A0));
            return hart.runner().translated().orElseThrow().stats();
        }
    }

    /** Runs it for longer and longer, until HotSpot has got around to it and the next run knows of it. */
    private void learn() {
        for (int turns = 10_000; turns < 50_000_000; turns *= 2) {
            run(SOON, 0, turns);
            if (run(NEVER, 0, 1000).found() > 0) {
                return;
            }
        }
        fail("nothing was remembered");
    }

    @Test
    void theNextRunTranslatesWhatWasHotBeforeItIsHot() {
        assertEquals(0, run(NEVER, 0, 1000).found());
        learn();
    }

    @Test
    void codeIsKnownOnOtherPagesToo() {
        learn();
        assertTrue(run(NEVER, 4096 * 3, 1000).found() > 0, "the code was not recognized");
        assertEquals(0, run(NEVER, 4096 * 3 + 64, 1000).found());
    }
}
