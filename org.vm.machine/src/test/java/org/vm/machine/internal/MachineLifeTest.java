package org.vm.machine.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.ConfigurationException;
import org.vm.api.ExecMode;
import org.vm.api.VmConfig;
import org.vm.api.VmException;
import org.vm.api.cpu.ExitReason;
import org.vm.api.machine.MachineState;
import org.vm.machine.internal.FakeArchitecture.FakeCpu;
import org.vm.machine.internal.FakeArchitecture.FakeEngine;
import org.vm.machine.internal.FakeArchitecture.Program;

@Timeout(60)
class MachineLifeTest {
    private final FakeEngine engine = new FakeEngine("first");
    private VirtualMachine machine;

    @AfterEach
    void close() {
        if (machine != null) {
            machine.close();
            assertEquals(0, engine.runners.get(), "runners are closed");
        }
    }

    private void machine(int vcpus, Program program) {
        machine = Machines.machine(vcpus, program);
        machine.engine(engine);
    }

    /** A program that runs for ever, and a way to see that every CPU does. */
    private static final class Endless implements Program {
        private final Semaphore steps = new Semaphore(0);

        @Override
        public ExitReason step(FakeCpu cpu) {
            if ((cpu.steps.get() & 0xFF) == 0) {
                steps.release();
            }
            return ExitReason.CONTINUE;
        }

        void awaitProgress() throws InterruptedException {
            steps.drainPermits();
            assertTrue(steps.tryAcquire(4, 30, TimeUnit.SECONDS), "no progress");
        }
    }

    private long steps() {
        return machine.cpus().stream().mapToLong(cpu -> ((FakeCpu) cpu).steps.get()).sum();
    }

    @Test
    void runsUntilTheGuestPowersOffAndCanBeStartedAgain() throws Exception {
        machine(2, cpu -> {
            if (cpu.id == 0) {
                cpu.platform.powerOff(7);
            }
            return ExitReason.CONTINUE;
        });
        assertEquals(MachineState.CREATED, machine.state());
        for (int i = 0; i < 3; i++) {
            machine.start();
            assertEquals(7, machine.ended().get(30, TimeUnit.SECONDS));
            assertEquals(MachineState.STOPPED, machine.state());
            assertTrue(machine.reason().orElseThrow().contains("7"));
        }
    }

    @Test
    void pauseStopsEveryCpuAndTheClockUntilResume() throws Exception {
        Endless program = new Endless();
        machine(4, program);
        machine.start();
        for (int i = 0; i < 20; i++) {
            program.awaitProgress();
            machine.pause();
            assertEquals(MachineState.PAUSED, machine.state());
            long then = steps();
            long time = ((FakeCpu) machine.cpus().get(0)).platform.clock().nanos();
            Thread.yield();
            assertEquals(then, steps());
            assertEquals(time, ((FakeCpu) machine.cpus().get(0)).platform.clock().nanos());
            machine.resume();
            assertEquals(MachineState.RUNNING, machine.state());
        }
        program.awaitProgress();
        machine.stop();
        assertEquals(MachineState.STOPPED, machine.state());
        assertEquals(VirtualMachine.STOPPED_STATUS, machine.ended().get());
    }

    @Test
    void resetsUnderLoadLoadEverythingAgain() throws Exception {
        Endless program = new Endless();
        machine(2, program);
        FakeDevice device = new FakeDevice("device", 0x100);
        machine.devices().register(device, -1, -1);
        machine.start();
        long before = device.resets.get();
        var memory = machine.memory();
        long kernel = memory.offset(0x8020_0000L, 4);
        for (int i = 0; i < 10; i++) {
            program.awaitProgress();
            memory.segment().set(java.lang.foreign.ValueLayout.JAVA_BYTE, kernel, (byte) 99);
            machine.reset();
            assertEquals(1, memory.segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, kernel));
        }
        assertEquals(before + 10, device.resets.get());
        assertEquals(MachineState.RUNNING, machine.state());
        program.awaitProgress();
    }

    @Test
    void theGuestCanResetItself() throws Exception {
        CountDownLatch boots = new CountDownLatch(3);
        machine(2, cpu -> {
            if (cpu.id == 1 && cpu.pc == 0x8020_0000L) {
                cpu.pc = 0;
                boots.countDown();
                if (boots.getCount() > 0) {
                    cpu.platform.reset();
                }
            }
            return ExitReason.CONTINUE;
        });
        machine.start();
        assertTrue(boots.await(30, TimeUnit.SECONDS));
        assertFalse(machine.ended().isDone());
    }

    @Test
    void aCpuThatWaitsIsParkedUntilItsAttentionIsAskedFor() throws Exception {
        Semaphore steps = new Semaphore(0);
        machine(1, cpu -> {
            steps.release();
            return ExitReason.WAIT;
        });
        machine.start();
        assertTrue(steps.tryAcquire(30, TimeUnit.SECONDS));
        assertFalse(steps.tryAcquire(20, TimeUnit.MILLISECONDS));
        machine.cpus().get(0).line(1).raise();
        assertTrue(steps.tryAcquire(30, TimeUnit.SECONDS));
        machine.pause();
        machine.resume();
    }

    @Test
    void anEngineThatAppearsTakesOverAndOneThatLeavesHandsBack() throws Exception {
        Endless program = new Endless();
        machine(2, program);
        machine.start();
        FakeEngine second = new FakeEngine("second");
        for (int i = 0; i < 10; i++) {
            program.awaitProgress();
            machine.engine(second);
            assertEquals(0, engine.runners.get(), "the first engine has let go");
            program.awaitProgress();
            assertEquals("second", machine.engine());
            machine.engine(engine);
            assertEquals(0, second.runners.get());
        }
    }

    @Test
    void theModeOfARunningMachineCanBeChanged() throws Exception {
        Endless program = new Endless();
        machine(2, program);
        FakeEngine interpreter = new FakeEngine("slow", ExecMode.INTERPRETER);
        machine.engines(List.of(engine, interpreter));
        machine.start();
        for (int i = 0; i < 10; i++) {
            program.awaitProgress();
            machine.mode(ExecMode.INTERPRETER);
            assertEquals(0, engine.runners.get(), "the first engine has let go");
            program.awaitProgress();
            assertEquals("slow", machine.engine());
            machine.mode(ExecMode.HYBRID);
            assertEquals(0, interpreter.runners.get(), "the second engine has let go");
        }
        assertEquals(ExecMode.HYBRID, machine.mode());
    }

    @Test
    void untilThereIsAnEngineForTheModeTheInterpreterRunsTheGuest() throws Exception {
        Endless program = new Endless();
        machine(1, program);
        FakeEngine interpreter = new FakeEngine("slow", ExecMode.INTERPRETER);
        FakeEngine other = new FakeEngine("other", ExecMode.JIT);
        machine.engines(List.of(other, interpreter));
        machine.start();
        program.awaitProgress();
        assertEquals("slow (no engine for mode hybrid is installed)", machine.engine());
        assertEquals(List.of(), machine.missing());
        machine.engines(List.of(other, engine, interpreter));
        assertEquals(0, interpreter.runners.get());
        assertEquals(engine.name(), machine.engine());
        program.awaitProgress();
    }

    @Test
    void withoutAnEngineTheCpusWaitAndMissingSaysSo() throws Exception {
        Endless program = new Endless();
        machine(1, program);
        machine.engine(null);
        machine.start();
        assertEquals(MachineState.RUNNING, machine.state());
        assertEquals(0, steps());
        assertTrue(machine.missing().stream().anyMatch(m -> m.contains("engine")), machine.missing().toString());
        assertTrue(machine.engine().startsWith("none"), machine.engine());
        machine.pause();
        machine.resume();
        machine.engine(engine);
        program.awaitProgress();
        assertEquals(List.of(), machine.missing());
    }

    @Test
    void whateverAnEngineThrowsStopsTheMachineAndIsSaid() {
        machine(3, cpu -> {
            if (cpu.id == 2) {
                throw new StackOverflowError("too deep");
            }
            return ExitReason.CONTINUE;
        });
        machine.start();
        var e = assertThrows(ExecutionException.class, () -> machine.ended().get(30, TimeUnit.SECONDS));
        assertTrue(e.getCause().getMessage().contains("too deep"), e.getCause().getMessage());
        assertInstanceOf(StackOverflowError.class, e.getCause().getCause());
        assertEquals(MachineState.FAILED, machine.state());
        assertTrue(machine.reason().orElseThrow().contains("vCPU 2"), machine.reason().toString());
    }

    @Test
    void aFailedMachineCanBeStartedAgain() throws Exception {
        AtomicReference<RuntimeException> next = new AtomicReference<>(new IllegalStateException("broken"));
        Endless program = new Endless();
        machine(1, cpu -> {
            RuntimeException failure = next.getAndSet(null);
            if (failure != null) {
                throw failure;
            }
            return program.step(cpu);
        });
        machine.start();
        assertThrows(ExecutionException.class, () -> machine.ended().get(30, TimeUnit.SECONDS));
        machine.start();
        program.awaitProgress();
        assertEquals(MachineState.RUNNING, machine.state());
    }

    @Test
    void missingFilesAreNamed() {
        VirtualMachine lacking = new VirtualMachine(VmConfig.riscv64("lacking"), Machines.board(),
                Boot.files("/nowhere/Image", "/nowhere/initrd", "", ""), Machines.MMUS,
                new FakeArchitecture(cpu -> ExitReason.CONTINUE), List.of());
        lacking.devices().register(new FakeController("controller"), 0x0c00_0000, 0);
        var e = assertThrows(ConfigurationException.class, lacking::start);
        assertEquals("machine 'lacking' cannot start: kernel: file /nowhere/Image does not exist; "
                + "initrd: file /nowhere/initrd does not exist", e.getMessage());
        assertEquals(MachineState.FAILED, lacking.state());
        lacking.close();
    }

    @Test
    void absentBoardDevicesAreNamed() {
        VirtualMachine lacking = new VirtualMachine(VmConfig.riscv64("lacking").withMemory(8 << 20), Machines.board(),
                Machines.kernel(), Machines.MMUS, new FakeArchitecture(cpu -> ExitReason.CONTINUE), List.of());
        var e = assertThrows(ConfigurationException.class, lacking::start);
        assertTrue(e.getMessage().contains("controller"), e.getMessage());
        assertTrue(lacking.missing().stream().anyMatch(m -> m.contains("test.controller")));
        lacking.close();
    }

    @Test
    void startWaitsForTheBoardsDevices() throws Exception {
        VirtualMachine late = new VirtualMachine(VmConfig.riscv64("late").withMemory(8 << 20), Machines.board(),
                Machines.kernel(), Machines.MMUS, new FakeArchitecture(cpu -> ExitReason.CONTINUE), List.of());
        late.patience(java.time.Duration.ofSeconds(30));
        CountDownLatch started = new CountDownLatch(1);
        Thread starter = Thread.startVirtualThread(() -> {
            late.start();
            started.countDown();
        });
        late.devices().offer(new FakeController("controller"), 0x0c00_0000, 0);
        assertTrue(started.await(30, TimeUnit.SECONDS));
        starter.join();
        assertEquals(MachineState.RUNNING, late.state());
        late.close();
    }

    @Test
    void operationsThatDoNotFitTheStateAreRefusedInWords() {
        machine(1, cpu -> ExitReason.WAIT);
        assertThrows(VmException.class, machine::pause);
        assertThrows(VmException.class, machine::resume);
        assertThrows(VmException.class, machine::reset);
        machine.stop();
        machine.start();
        var e = assertThrows(VmException.class, machine::start);
        assertEquals("machine 'test' runs already", e.getMessage());
        assertThrows(VmException.class, machine::resume);
    }

    @Test
    void devicesComeAndGoWhileTheMachineRuns() throws Exception {
        Endless program = new Endless();
        machine(2, cpu -> {
            var mapping = machine.bus().find(0x1000_1004L);
            if (mapping != null) {
                assertEquals(4, mapping.device().read(0x1000_1004L - mapping.base(), 4));
            }
            return program.step(cpu);
        });
        machine.start();
        for (int i = 0; i < 50; i++) {
            FakeDevice device = new FakeDevice("device", 0x200);
            machine.devices().offer(device, -1, -1);
            assertSame(device, machine.devices().route(0x1000_1004L).orElseThrow().device());
            program.awaitProgress();
            machine.devices().withdraw(device);
            assertEquals(1, device.detached.get());
        }
        program.awaitProgress();
        assertEquals(MachineState.RUNNING, machine.state(), () -> machine.reason().orElse(""));
    }

    @Test
    void pathsAreTakenFromConfigurationTexts() {
        Boot boot = Boot.files("a", "", " ", "x");
        assertEquals(Image.of(Path.of("a")), boot.kernel().orElseThrow());
        assertTrue(boot.initrd().isEmpty());
        assertTrue(boot.firmware().isEmpty());
    }

    @Test
    void aResetThatCannotBeDoneFailsTheMachine(@TempDir Path folder) throws Exception {
        Path kernel = Files.write(folder.resolve("kernel"), new byte[] {1, 2, 3, 4});
        Endless program = new Endless();
        machine = new VirtualMachine(VmConfig.riscv64("test").withMemory(8 << 20), Machines.board(),
                Boot.files(kernel.toString(), "", "", ""), Machines.MMUS, new FakeArchitecture(program), List.of());
        machine.devices().register(new FakeController("controller"), 0x0c00_0000, 0);
        machine.engine(engine);
        machine.start();
        program.awaitProgress();
        Files.delete(kernel);
        assertThrows(VmException.class, machine::reset);
        assertEquals(MachineState.FAILED, machine.state());
        assertTrue(machine.reason().orElseThrow().contains("could not be reset"), machine.reason().toString());
        assertThrows(ExecutionException.class, () -> machine.ended().get(30, TimeUnit.SECONDS));
    }

    @Test
    void aStormOfResetsFromEveryCpuIsSurvived() throws Exception {
        CountDownLatch enough = new CountDownLatch(2_000);
        machine(4, cpu -> {
            cpu.platform.reset();
            enough.countDown();
            return ExitReason.CONTINUE;
        });
        machine.start();
        assertTrue(enough.await(30, TimeUnit.SECONDS));
        assertEquals(MachineState.RUNNING, machine.state());
        machine.stop();
        assertEquals(MachineState.STOPPED, machine.state());
    }

    @Test
    void aDeviceThatFailsToResetIsSaidAndTheOthersWork() {
        machine(1, cpu -> ExitReason.WAIT);
        machine.devices().register(new FakeDevice("broken", 0x100) {
            @Override
            public void reset() {
                throw new IllegalStateException("stuck");
            }
        }, -1, -1);
        machine.start();
        assertEquals(MachineState.RUNNING, machine.state());
        assertEquals(List.of("device 'broken' failed to reset: java.lang.IllegalStateException: stuck"), machine.warnings());
    }

    @Test
    void whoWaitsForTheEndCannotBringItAbout() throws Exception {
        machine(1, cpu -> ExitReason.WAIT);
        machine.start();
        machine.ended().complete(5);
        assertFalse(machine.ended().isDone());
        machine.stop();
        assertEquals(VirtualMachine.STOPPED_STATUS, machine.ended().get(30, TimeUnit.SECONDS));
    }
}
