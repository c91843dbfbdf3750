package org.vm.testing.jit;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.ExecMode;
import org.vm.testing.BareHart;

/** A guest that makes new code all the time takes no more memory for that than it did after a while. */
class JitMemoryTest {
    private static final long MIB = 1 << 20;

    /** What is in use when all that is not has been collected. */
    private record Use(long heap, long metaspace, int classes) {
        static Use now() {
            System.gc();
            long metaspace = ManagementFactory.getMemoryPoolMXBeans().stream()
                    .filter(pool -> pool.getName().equals("Metaspace")).findFirst().map(MemoryPoolMXBean::getUsage).orElseThrow()
                    .getUsed();
            return new Use(ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(), metaspace,
                    ManagementFactory.getClassLoadingMXBean().getLoadedClassCount());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8})
    void memoryStaysFlatForSomeSeconds(int seconds) {
        run(ExecMode.HYBRID, Duration.ofSeconds(seconds));
        run(ExecMode.JIT, Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @ValueSource(ints = {60})
    @Tag("slow")
    void memoryStaysFlatForAnHour(int minutes) {
        run(ExecMode.HYBRID, Duration.ofMinutes(minutes));
    }

    private static void run(ExecMode mode, Duration time) {
        try (TranslatingEngine engine = new TranslatingEngine(mode, 4); BareHart hart = new BareHart(engine)) {
            long begin = System.nanoTime();
            long seed = 0;
            // What a third of the time takes is what it may take.
            while (System.nanoTime() - begin < time.toNanos() / 3) {
                run(hart, seed++);
            }
            Use before = Use.now();
            while (System.nanoTime() - begin < time.toNanos()) {
                run(hart, seed++);
            }
            Use after = Use.now();
            engine.assertTranslated(1_000);
            String message = mode + ", " + seed + " programs: " + before + ", then " + after;
            assertTrue(after.heap < before.heap + before.heap / 4 + 24 * MIB, message);
            assertTrue(after.metaspace < before.metaspace + before.metaspace / 4 + 12 * MIB, message);
            assertTrue(after.classes < before.classes + before.classes / 4 + 1000, message);
        }
    }

    private static void run(BareHart hart, long seed) {
        hart.cpu().reset();
        hart.load(RandomGuest.program(seed));
        hart.runToEnd(10_000_000);
    }
}
