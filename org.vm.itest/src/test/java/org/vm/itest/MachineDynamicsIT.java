package org.vm.itest;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;
import static org.junit.Assume.assumeTrue;
import static org.ops4j.pax.exam.CoreOptions.options;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.ConfigurationAdmin;
import org.vm.api.ExecMode;
import org.vm.api.GuestArch;
import org.vm.api.bus.Mapping;
import org.vm.api.hotplug.GuestAgent;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;
import org.vm.api.machine.MachineState;
import org.vm.api.replace.DeviceKeeper;

/** What comes and goes in a running container: machines, devices, engines. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class MachineDynamicsIT {
    private static final String ENGINE = "org.vm.engine.interp";
    private static final String JIT = "org.vm.engine.jit";
    private static final String ENTROPY = "org.vm.device.virtio.rng";

    @Inject
    private BundleContext context;
    @Inject
    private ConfigurationAdmin configurations;
    @Inject
    private MachineManager machines;
    @Rule
    public TemporaryFolder folder = new TemporaryFolder();

    @Configuration
    public Option[] configuration() {
        return options(Container.with("org.vm.api", "org.vm.isa", "org.vm.mmu", "org.vm.isa.riscv", ENGINE, JIT,
                "org.vm.device.riscv", "org.vm.device.pci", "org.vm.device.dma", "org.vm.device.virtio",
                "org.vm.backend.block", "org.vm.backend.console", "org.vm.backend.agent", "org.vm.machine"));
    }

    @After
    public void deleteMachines() {
        machines.machines().stream().map(Machine::name).toList().forEach(machines::delete);
    }

    @Test
    public void everyBundleIsActive() throws Exception {
        for (Bundle bundle : context.getBundles()) {
            bundle.start();
            assertEquals(bundle.getSymbolicName(), Bundle.ACTIVE, bundle.getState());
        }
    }

    @Test
    public void aMachineHasItsBoardsDevicesAndTheyGoWithIt() throws Exception {
        Machine machine = machine("board");
        await("the serial port", () -> machine.devices().find("uart").isPresent());
        await("the interrupt controller", () -> machine.interrupts().isPresent());
        machines.delete("board");
        await("the configurations are gone", () -> configurationsOf("board") == 0);
    }

    @Test
    public void aPartOfTheBoardCanBeSetInTheMachinesConfiguration() throws Exception {
        Machine machine = machines.create("parts", Map.of("memory", "16M", "kernel", endlessLoop().toString(),
                "parts", new String[] {"pci.rootPorts=2"}));
        await("the host bridge", () -> machine.devices().find("pci").isPresent());
        Map<String, String> slots = machine.devices().find("pci").orElseThrow().device().info();
        assertTrue(slots.toString(), slots.containsKey("slot2") && !slots.containsKey("slot3"));
    }

    @Test
    public void aMachineMayHaveTheAdvancedInterruptArchitecture() throws Exception {
        Machine machine = machines.create("aia", Map.of("memory", "16M", "kernel", endlessLoop().toString(),
                "aia", "aplic-imsic"));
        await("its controllers", () -> machine.devices().find("imsic").isPresent() && machine.interrupts().isPresent());
        assertEquals("messages", machine.devices().find("aplic").orElseThrow().device().info().get("delivery"));
        assertTrue(machine.devices().find("plic").isEmpty());
        await("the rest of the board", () -> machine.missing().stream().noneMatch(what -> what.startsWith("device")));
    }

    @Test
    public void aDeviceIsMappedWhenItsConfigurationAppearsAndUnmappedWhenItGoes() throws Exception {
        Machine machine = running("plug");
        int before = machine.bus().mappings().size();
        var configuration = configurations.getFactoryConfiguration(ENTROPY, "plug-rng", "?");
        configuration.update(properties("vm", "plug", "name", "rng0"));
        await("the device is mapped", () -> machine.bus().mappings().size() == before + 1);
        configuration.delete();
        await("the device is unmapped", () -> machine.bus().mappings().size() == before);
        assertEquals(MachineState.RUNNING, machine.state());
    }

    @Test
    public void aDeviceComesThatConfigurationAdminBelievesToBeThere() throws Exception {
        assumeTrue("no configuration has stayed", aDeletedConfigurationStays("seen-rng0", properties("vm", "seen", "name", "rng0")));
        Machine machine = machine("seen");
        machines.addDevice("seen", "virtio.rng", "rng0", Map.of());
        assertTrue(machine.devices().find("rng0").isPresent());
    }

    /** Configuration Admin keeps one that is deleted while somebody lists it, who had better have many to list. */
    private boolean aDeletedConfigurationStays(String name, Dictionary<String, Object> properties) throws Exception {
        List<org.osgi.service.cm.Configuration> many = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            many.add(configurations.getFactoryConfiguration("org.example.many", Integer.toString(i), "?"));
            many.getLast().update(properties("vm", "nobody"));
        }
        AtomicBoolean over = new AtomicBoolean();
        Thread looking = Thread.ofPlatform().start(() -> {
            while (!over.get()) {
                configurationsOf("*");
            }
        });
        try {
            boolean stays = false;
            for (int i = 0; i < 5000 && !stays; i++) {
                configurations.getFactoryConfiguration(ENTROPY, name, "?").update(properties);
                configurations.getFactoryConfiguration(ENTROPY, name, "?").delete();
                stays = configurations.getFactoryConfiguration(ENTROPY, name, "?").getProperties() != null;
            }
            return stays;
        } finally {
            over.set(true);
            looking.join();
            for (var each : many) {
                each.delete();
            }
        }
    }

    @Test
    public void aVirtioDeviceOnPciIsPluggedIntoASlotAndPulledWithItsConfigurationOrItsBundle() throws Exception {
        Machine machine = running("slots");
        int before = machine.bus().mappings().size();
        var any = configurations.getFactoryConfiguration(ENTROPY, "slots-rng0", "?");
        any.update(properties("vm", "slots", "name", "rng0", "bus", "pci"));
        var third = configurations.getFactoryConfiguration(ENTROPY, "slots-rng1", "?");
        third.update(properties("vm", "slots", "name", "rng1", "bus", "slot3"));
        var none = configurations.getFactoryConfiguration(ENTROPY, "slots-rng2", "?");
        none.update(properties("vm", "slots", "name", "rng2", "bus", "slot99"));
        await("both are plugged", () -> places(machine).equals("rng0 slot1 of pci, 00:00.0; rng1 slot3 of pci, 00:00.0"));
        await("one is refused", () -> machine.devices().refusals().toString().contains("slot1 to slot8"));
        assertEquals(before, machine.bus().mappings().size());
        String why = machines.why("rng1");
        assertTrue(why, why.contains("plugged into slot3 of pci"));
        bundle("org.vm.device.virtio").stop();
        await("they leave with their bundle", () -> places(machine).isEmpty());
        bundle("org.vm.device.virtio").start();
        await("they come back", () -> places(machine).contains("rng0") && places(machine).contains("rng1 slot3"));
        any.delete();
        third.delete();
        none.delete();
        await("they are pulled", () -> places(machine).isEmpty() && machine.devices().refusals().isEmpty());
        machines.addDevice("slots", "virtio.rng", "rng4", Map.of("bus", "pci"));
        assertTrue(places(machine), places(machine).startsWith("rng4 slot1"));
        machines.addDevice("slots", "dma", "dma0", Map.of("slot", "slot5", "channels", "2"));
        assertTrue(places(machine), places(machine).startsWith("dma0 slot5"));
        assertEquals(MachineState.RUNNING, machine.state());
    }

    /** Without the part of the board that is there. */
    private static String places(Machine machine) {
        return machine.devices().plugged().stream().filter(p -> !p.device().name().equals("ports")).map(p -> p.device().name() + " " + p.place()).sorted()
                .collect(Collectors.joining("; "));
    }

    @Test
    public void serialPortsComeAndGoWithTheServicesBehindThem() throws Exception {
        Machine machine = running("ports");
        await("the agent's port", () -> ports(machine).equals("org.qemu.guest_agent.0"));
        GuestAgent agent = context.getService(context.getServiceReferences(GuestAgent.class, "(vm=ports)").iterator().next());
        assertFalse(agent.state().connected());
        assertTrue(agent.state().detail(), agent.state().detail().contains("no driver"));
        var configuration = configurations.getFactoryConfiguration("org.vm.backend.console", "ports-log", "?");
        configuration.update(properties("vm", "ports", "name", "log", "port", "org.example.log"));
        await("another port", () -> ports(machine).equals("org.qemu.guest_agent.0 org.example.log"));
        configuration.delete();
        await("it is gone", () -> ports(machine).equals("org.qemu.guest_agent.0"));
        bundle("org.vm.backend.agent").stop();
        await("the agent's port is gone", () -> ports(machine).isEmpty());
        bundle("org.vm.backend.agent").start();
        await("the agent's port is back", () -> ports(machine).equals("org.qemu.guest_agent.0"));
        assertEquals(MachineState.RUNNING, machine.state());
    }

    /** Names of the ports of the board's serial device. */
    private static String ports(Machine machine) {
        return machine.devices().plugged().stream().filter(p -> p.device().name().equals("ports"))
                .flatMap(p -> p.device().info().entrySet().stream()).filter(e -> e.getKey().matches("port [0-9]+"))
                .map(e -> e.getValue().replaceAll(" .*", "")).collect(Collectors.joining(" "));
    }

    @Test
    public void aDeviceLeavesWithItsBundleAndComesBackWithIt() throws Exception {
        Machine machine = running("bundle");
        int before = machine.bus().mappings().size();
        configurations.getFactoryConfiguration(ENTROPY, "bundle-rng", "?")
                .update(properties("vm", "bundle", "name", "rng0"));
        await("the device is mapped", () -> machine.bus().mappings().size() == before + 1);
        Bundle bundle = bundle("org.vm.device.virtio");
        bundle.stop();
        await("the device is unmapped", () -> machine.bus().mappings().size() == before);
        bundle.start();
        await("the device is mapped again", () -> machine.bus().mappings().size() == before + 1);
        configurations.getFactoryConfiguration(ENTROPY, "bundle-rng", "?").delete();
    }

    @Test
    public void anAddressConflictNamesBothSides() throws Exception {
        Machine machine = machine("conflict");
        await("the serial port", () -> machine.devices().find("uart").isPresent());
        Mapping taken = machine.bus().find(0x1000_0000L);
        machines.addDevice("conflict", "riscv.rtc", "intruder", Map.of("base", "0x10000000", "irq", 12));
        await("the refusal", () -> !machine.devices().refusals().isEmpty());
        String reason = machine.devices().refusals().toString();
        assertTrue(reason, reason.contains("intruder") && reason.contains("uart"));
        assertEquals(taken, machine.bus().find(0x1000_0000L));
        String why = machines.why("intruder");
        assertTrue(why, why.contains("uart"));
        machines.removeDevice("conflict", "intruder", java.time.Duration.ZERO, org.vm.api.hotplug.Removal.ASK);
        await("the refusal is gone", () -> machine.devices().refusals().isEmpty());
    }

    @Test
    public void withoutAnEngineTheCpusStandAndWithItTheyGoOn() throws Exception {
        Machine machine = running("engine");
        Bundle engine = bundle(ENGINE);
        engine.stop();
        await("the machine misses its engine", () -> !machine.missing().isEmpty());
        long stopped = machine.stats(0).instructions();
        String why = machines.why("engine");
        assertTrue(why, why.toLowerCase(java.util.Locale.ROOT).contains("engine"));
        assertEquals(stopped, machine.stats(0).instructions());
        engine.start();
        await("the guest goes on", () -> machine.stats(0).instructions() > stopped);
        assertTrue(machine.missing().toString(), machine.missing().isEmpty());
    }

    @Test
    public void theJitComesAndGoesUnderARunningGuest() throws Exception {
        Machine machine = running("jit");
        assertEquals("hybrid", machine.engine());
        Bundle jit = bundle(JIT);
        for (int i = 0; i < 5; i++) {
            jit.stop();
            assertEquals("interpreter (no engine for mode hybrid is installed)", machine.engine());
            awaitProgress(machine);
            assertTrue(machine.missing().toString(), machine.missing().isEmpty());
            String why = machines.why("jit");
            assertTrue(why, why.contains("no engine for mode hybrid"));
            jit.start();
            assertEquals("hybrid", machine.engine());
            awaitProgress(machine);
        }
        for (ExecMode mode : new ExecMode[] {ExecMode.JIT, ExecMode.INTERPRETER, ExecMode.HYBRID}) {
            machine.mode(mode);
            assertEquals(mode.text(), machine.engine());
            awaitProgress(machine);
        }
    }

    private static void awaitProgress(Machine machine) throws InterruptedException {
        long before = machine.stats(0).instructions();
        await("the guest goes on", () -> machine.stats(0).instructions() > before);
    }

    @Test
    public void twoMachinesHaveSeparateBusesAndMemories() throws Exception {
        Machine one = running("one");
        Machine two = running("two");
        assertNotSame(one.bus(), two.bus());
        assertNotSame(one.memory(), two.memory());
        configurations.getFactoryConfiguration(ENTROPY, "one-rng", "?").update(properties("vm", "one", "name", "rng0"));
        await("the device is in its machine", () -> one.bus().mappings().size() == two.bus().mappings().size() + 1);
        one.stop();
        assertEquals(MachineState.RUNNING, two.state());
        long before = two.stats(0).instructions();
        await("the other machine runs", () -> two.stats(0).instructions() > before);
        configurations.getFactoryConfiguration(ENTROPY, "one-rng", "?").delete();
    }

    /** Instructions of another bundle. */
    public static final class Distance {
        private Distance() {}

        @Encoding("0000000 rs2 rs1 001 rd 0001011")
        public static long distance(long rs1, long rs2) {
            return Long.bitCount(rs1 ^ rs2);
        }
    }

    /** In its place. */
    public static final class Nearness {
        private Nearness() {}

        @Encoding("0000000 rs2 rs1 001 rd 0001011")
        public static long nearness(long rs1, long rs2) {
            return Long.bitCount(~(rs1 ^ rs2));
        }
    }

    /** In that of {@code add}. */
    public static final class Taken {
        private Taken() {}

        @Encoding("0000000 rs2 rs1 000 rd 0110011")
        public static long plus(long rs1, long rs2) {
            return rs1 + rs2;
        }
    }

    private record Instructions(String name, List<Class<?>> instructions) implements InstructionExtension {
        @Override
        public GuestArch architecture() {
            return GuestArch.RISCV64;
        }
    }

    @Test
    public void aRunningMachineFollowsTheInstructionsThatComeAndGo() throws Exception {
        Machine machine = running("follows");
        for (int i = 0; i < 3; i++) {
            var registration = context.registerService(InstructionExtension.class,
                    new Instructions("xdistance", List.of(Distance.class)), null);
            assertTrue(instructionsOf(machine), instructionsOf(machine).endsWith("_xdistance"));
            awaitProgress(machine);
            registration.unregister();
            assertFalse(instructionsOf(machine), instructionsOf(machine).contains("xdistance"));
            awaitProgress(machine);
        }
        assertEquals(MachineState.RUNNING, machine.state());
        assertEquals(machine, machines.find("follows").orElseThrow());
    }

    @Test
    public void ofInstructionsThatConflictTheFirstStayAndTheOthersComeWhenThoseGo() throws Exception {
        Machine machine = running("conflict");
        var first = context.registerService(InstructionExtension.class,
                new Instructions("xfirst", List.of(Distance.class)), null);
        var second = context.registerService(InstructionExtension.class,
                new Instructions("xsecond", List.of(Nearness.class)), properties("service.ranking", "100"));
        assertTrue(instructionsOf(machine), instructionsOf(machine).endsWith("_xfirst"));
        String why = machines.why("conflict");
        assertTrue(why, why.contains(Distance.class.getName() + "#distance") && why.contains(Nearness.class.getName() + "#nearness"));
        first.unregister();
        assertTrue(instructionsOf(machine), instructionsOf(machine).endsWith("_xsecond"));
        assertFalse(machines.why("conflict").contains("refused"));
        second.unregister();
    }

    @Test
    public void whileABundleIsReplacedItsInstructionsStayAndTheNextOnesTakeTheirPlace() throws Exception {
        Machine machine = running("replaced");
        var registration = context.registerService(InstructionExtension.class,
                new Instructions("xdistance", List.of(Distance.class)), null);
        var reference = context.getServiceReferences(DeviceKeeper.class, "(vm=replaced)").stream()
                .filter(r -> context.getService(r).getClass().getSimpleName().equals("InstructionServices")).findFirst().orElseThrow();
        DeviceKeeper keeper = context.getService(reference);
        DeviceKeeper.Hold hold = keeper.hold(Set.of(context.getBundle().getBundleId()), Duration.ofSeconds(1));
        assertEquals(List.of("replaced/xdistance"), hold.devices());
        registration.unregister();
        assertTrue(instructionsOf(machine), instructionsOf(machine).endsWith("_xdistance"));
        registration = context.registerService(InstructionExtension.class,
                new Instructions("xdistance", List.of(Taken.class)), null);
        try {
            hold.filled().toCompletableFuture().get(20, TimeUnit.SECONDS);
            fail("an encoding that is taken");
        } catch (ExecutionException e) {
            assertTrue(e.getMessage(), e.getMessage().contains("IntegerArithmetic"));
        }
        assertTrue("those before stay", machine.cpus().getFirst().instructionSet().rows().stream()
                .anyMatch(row -> row.method().getDeclaringClass() == Distance.class));
        hold.retake(Duration.ofSeconds(1));
        registration.unregister();
        registration = context.registerService(InstructionExtension.class,
                new Instructions("xdistance", List.of(Nearness.class)), null);
        hold.filled().toCompletableFuture().get(20, TimeUnit.SECONDS);
        assertTrue(machine.cpus().getFirst().instructionSet().rows().stream()
                .anyMatch(row -> row.method().getDeclaringClass() == Nearness.class));
        hold.accept();
        hold.close();
        registration.unregister();
        assertFalse(instructionsOf(machine), instructionsOf(machine).contains("xdistance"));
        hold = keeper.hold(Set.of(context.getBundle().getBundleId()), Duration.ofSeconds(1));
        assertTrue(hold.filled().toCompletableFuture().isDone());
        hold.close();
        awaitProgress(machine);
    }

    private static String instructionsOf(Machine machine) {
        return machine.cpus().getFirst().instructionSet().name();
    }

    private Machine machine(String name) throws IOException {
        return machines.create(name, Map.of("memory", "16M", "kernel", endlessLoop().toString()));
    }

    private Machine running(String name) throws Exception {
        Machine machine = machine(name);
        machine.start();
        await("the guest runs", () -> machine.stats(0).instructions() > 0);
        assertTrue(machine.missing().toString(), machine.missing().isEmpty());
        return machine;
    }

    /** A Linux Image that jumps over its header and then to itself. */
    private Path endlessLoop() throws IOException {
        ByteBuffer image = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
        image.putInt(0, 0x0400_006F).putLong(8, 0x20_0000).putLong(16, 128).putInt(32, 2);
        image.put(48, "RISCV".getBytes(StandardCharsets.US_ASCII)).putInt(56, 0x0543_5352);
        image.putInt(64, 0x0000_006F);
        Path file = folder.newFile().toPath();
        return Files.write(file, image.array());
    }

    private long configurationsOf(String machine) {
        try {
            var found = configurations.listConfigurations("(vm=" + machine + ")");
            return found == null ? 0 : found.length;
        } catch (Exception e) {
            throw new IllegalStateException("configurations of " + machine, e);
        }
    }

    private Bundle bundle(String name) {
        return Stream.of(context.getBundles()).filter(b -> name.equals(b.getSymbolicName())).findFirst().orElseThrow();
    }

    private static Dictionary<String, Object> properties(String... pairs) {
        Hashtable<String, Object> properties = new Hashtable<>();
        for (int i = 0; i < pairs.length; i += 2) {
            properties.put(pairs[i], pairs[i + 1]);
        }
        return properties;
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertFalse("waited in vain: " + what, System.nanoTime() > deadline);
            never.await(20, TimeUnit.MILLISECONDS);
        }
    }
}
