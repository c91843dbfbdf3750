package org.vm.itest;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.options;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;
import org.vm.api.replace.BundleReplacer;
import org.vm.testing.Computation;

/** Bundles of engines are updated under running vCPUs, while the guest computes and checks what it has computed. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class EngineUpdateIT {
    private static final String INTERPRETER = "org.vm.engine.interp";
    private static final String JIT = "org.vm.engine.jit";
    private static final int HARTS = 4;
    private static final int UPDATES = 20;
    /** Where the program counts its rounds, and what tells it to stop (org.vm.testing.Computation). */
    private static final long SHARED = Computation.SHARED;

    @Inject
    private BundleContext context;
    @Inject
    private MachineManager machines;
    @Inject
    private BundleReplacer replacer;

    @Configuration
    public Option[] configuration() throws Exception {
        Path program = Files.createTempFile("computation", ".bin");
        program.toFile().deleteOnExit();
        Files.write(program, new Computation(HARTS).image());
        return options(Container.with("org.vm.api", "org.vm.isa", "org.vm.mmu", "org.vm.isa.riscv", INTERPRETER, JIT,
                "org.vm.device.riscv", "org.vm.device.pci", "org.vm.device.virtio", "org.vm.backend.block",
                "org.vm.backend.console", "org.vm.machine"), systemProperty("computation").value(program.toString()));
    }

    @After
    public void deleteMachines() {
        machines.machines().stream().map(Machine::name).toList().forEach(machines::delete);
    }

    @Test
    public void aComputationIsRightUnderUpdatesOfBothEnginesAndNoOldVersionStays() throws Exception {
        Machine machine = machines.create("sums", Map.of("memory", "16M", "vcpus", HARTS,
                "firmware", System.getProperty("computation"), "jitThreshold", 5));
        machine.start();
        awaitRounds(machine);
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        for (int i = 0; i < UPDATES; i++) {
            Bundle updated = bundle(i % 2 == 0 ? JIT : INTERPRETER);
            loaders.add(new WeakReference<>(updated.adapt(BundleWiring.class).getClassLoader()));
            updated.stop();
            if (i % 2 != 0) {
                // Both are gone: the JIT needs an interpreter.
                assertTrue(machine.engine(), machine.engine().startsWith("none"));
                assertTrue(machine.missing().toString(), machine.missing().toString().contains("no execution engine"));
                assertTrue(machines.why("sums"), machines.why("sums").contains("no execution engine for mode hybrid is installed"));
            } else {
                assertEquals("interpreter (no engine for mode hybrid is installed)", machine.engine());
                awaitRounds(machine);
            }
            updated.update();
            updated.start();
            assertEquals("hybrid", machine.engine());
            awaitRounds(machine);
        }
        shared(machine).set(ValueLayout.JAVA_LONG, 8, 1L);
        assertEquals("what was wrong", 0, (int) machine.ended().get(60, TimeUnit.SECONDS));
        context.getBundle(0).adapt(FrameworkWiring.class).refreshBundles(null);
        await("old versions are forgotten", () -> {
            System.gc();
            return loaders.stream().filter(loader -> loader.get() != null).count() == 0;
        });
    }

    @Test
    public void enginesAreReplacedByWhoeverReplacesBundles() throws Exception {
        Machine machine = machines.create("sums", Map.of("memory", "16M", "vcpus", HARTS,
                "firmware", System.getProperty("computation"), "jitThreshold", 5));
        machine.start();
        for (int i = 0; i < 6; i++) {
            awaitRounds(machine);
            String engine = i % 2 == 0 ? JIT : INTERPRETER;
            var done = replacer.replace(bundle(engine).getBundleId(), ReactorJar.of(engine), Duration.ZERO);
            assertEquals(List.of(), done.devices());
            await("the engine", () -> machine.engine().equals("hybrid"));
        }
        awaitRounds(machine);
        shared(machine).set(ValueLayout.JAVA_LONG, 8, 1L);
        assertEquals("what was wrong", 0, (int) machine.ended().get(60, TimeUnit.SECONDS));
    }

    private static MemorySegment shared(Machine machine) {
        return machine.memory().segment().asSlice(machine.memory().offset(SHARED, 16), 16);
    }

    private static void awaitRounds(Machine machine) throws InterruptedException {
        long before = shared(machine).get(ValueLayout.JAVA_LONG, 0);
        await("the guest goes on", () -> shared(machine).get(ValueLayout.JAVA_LONG, 0) > before + 2 * HARTS);
    }

    private Bundle bundle(String name) {
        return Stream.of(context.getBundles()).filter(b -> name.equals(b.getSymbolicName())).findFirst().orElseThrow();
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertFalse("waited in vain: " + what, System.nanoTime() > deadline);
            never.await(10, TimeUnit.MILLISECONDS);
        }
    }
}
