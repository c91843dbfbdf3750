package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.CacheStats;
import org.vm.api.ExecMode;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;
import org.vm.machine.internal.VirtualMachine;

/** Engines change places under a computation of which every round is checked, by the guest itself. */
class EngineSwapTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void aComputationIsRightUnderSixtyChangesOfItsEngine(int harts) {
        swap(harts, 60);
    }

    @Tag("slow")
    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void aComputationIsRightUnderAThousandChangesOfItsEngine(int harts) {
        swap(harts, 1000);
    }

    /** The modes in turn; every tenth time there is no engine for a moment, every fifteenth all are new ones. */
    private static void swap(int harts, int changes) {
        Engines engines = new Engines();
        try (GuestMachine guest = new Computation(harts).on(engines.interpreter)) {
            VirtualMachine machine = guest.machine();
            machine.engines(engines.all());
            ExecMode[] modes = {ExecMode.INTERPRETER, ExecMode.HYBRID, ExecMode.JIT};
            for (int i = 0; i < changes; i++) {
                if (i % 10 == 9) {
                    machine.engine(null);
                    assertEquals(List.of("no execution engine for mode " + machine.mode().text() + " is installed"), machine.missing());
                    assertFalse(machine.engine().isEmpty());
                    machine.engines(engines.all());
                } else if (i % 15 == 14) {
                    Engines next = new Engines();
                    machine.engines(next.all());
                    engines.close();
                    engines = next;
                } else {
                    machine.mode(modes[i % modes.length]);
                    assertEquals(modes[i % modes.length].text(), machine.engine());
                }
                long before = Computation.rounds(machine);
                await("rounds after change " + i, () -> Computation.rounds(machine) > before + harts);
            }
            Computation.stop(machine);
            assertEquals(0, guest.awaitEnd(PATIENCE), "the number of what was wrong: 1 sums, 2 floating point, 3 rounds");
        } finally {
            engines.close();
        }
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "waited in vain: " + what);
            LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(200));
        }
    }

    /** One of each kind. */
    private static final class Engines implements AutoCloseable {
        private final Interpreter interpreter = new Interpreter();
        private final JitEngine hybrid = new JitEngine(interpreter, ExecMode.HYBRID, 5);
        private final JitEngine jit = new JitEngine(interpreter, ExecMode.JIT, 1);

        List<ExecutionEngine> all() {
            return List.of(hybrid, jit, interpreter);
        }

        @Override
        public void close() {
            hybrid.close();
            jit.close();
        }
    }

    @Test
    void aVcpuThatLetsGoLateKeepsNoOtherFromRunning() throws Exception {
        CountDownLatch letGo = new CountDownLatch(1);
        CountDownLatch holding = new CountDownLatch(1);
        ExecutionEngine late = new LateEngine(new Interpreter(), holding, letGo);
        try (GuestMachine guest = new Computation(2).on(late)) {
            VirtualMachine machine = guest.machine();
            await("rounds", () -> Computation.rounds(machine) > 0);
            CompletableFuture<Void> change = CompletableFuture.runAsync(() -> machine.engine(new Interpreter()));
            assertTrue(holding.await(30, TimeUnit.SECONDS));
            long before = machine.cpus().get(1).retired;
            await("the other vCPU", () -> machine.cpus().get(1).retired > before + 1_000_000);
            assertFalse(change.isDone());
            letGo.countDown();
            change.get(30, TimeUnit.SECONDS);
            Computation.stop(machine);
            assertEquals(0, guest.awaitEnd(PATIENCE));
        }
    }

    /** An interpreter that, on vCPU 0, comes back late when it is asked to. */
    private record LateEngine(ExecutionEngine inner, CountDownLatch holding, CountDownLatch letGo) implements ExecutionEngine {
        @Override
        public String name() {
            return "late";
        }

        @Override
        public ExecMode mode() {
            return ExecMode.INTERPRETER;
        }

        @Override
        public Runner runner(Cpu cpu) {
            Runner runner = inner.runner(cpu);
            return new Runner() {
                @Override
                public ExitReason run(long budget) {
                    ExitReason reason = runner.run(budget);
                    if (cpu.id == 0 && reason == ExitReason.REQUESTED) {
                        holding.countDown();
                        awaitUninterruptibly(letGo);
                    }
                    return reason;
                }

                @Override
                public CacheStats blocks() {
                    return runner.blocks();
                }

                @Override
                public long fused() {
                    return runner.fused();
                }

                @Override
                public void flush() {
                    runner.flush();
                }

                @Override
                public void close() {
                    runner.close();
                }
            };
        }

        private static void awaitUninterruptibly(CountDownLatch latch) {
            try {
                assertTrue(latch.await(30, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
