package org.vm.itest;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.options;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
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
import org.vm.api.DeviceException;
import org.vm.api.backend.StorageMove;
import org.vm.api.backend.StorageMover;
import org.vm.api.device.DeviceType;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;

/** Disks come and go with their configuration and with what is behind them. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class VirtioDisksIT {
    private static final String DISK = "org.vm.device.virtio.blk";
    private static final String STORAGE = "org.vm.backend.block";

    @Inject
    private BundleContext context;
    @Inject
    private ConfigurationAdmin configurations;
    @Inject
    private MachineManager machines;
    @Rule
    public TemporaryFolder folder = new TemporaryFolder();
    private Machine machine;
    private Path image;

    @Configuration
    public Option[] configuration() {
        return options(Container.with("org.vm.api", "org.vm.isa", "org.vm.mmu", "org.vm.isa.riscv", "org.vm.engine.interp",
                "org.vm.device.riscv", "org.vm.device.pci", "org.vm.device.virtio", STORAGE, "org.vm.backend.console", "org.vm.machine"));
    }

    @Before
    public void createMachine() throws Exception {
        machine = machines.create("disks", Map.of("memory", "16M"));
        image = Files.write(folder.newFile("disk.img").toPath(), new byte[1 << 20]);
    }

    @After
    public void deleteMachine() throws Exception {
        var left = configurations.listConfigurations("(|(service.factoryPid=" + DISK + "*)(service.factoryPid=" + STORAGE + ".*))");
        for (var configuration : left == null ? new org.osgi.service.cm.Configuration[0] : left) {
            configuration.delete();
        }
        machines.delete("disks");
    }

    @Test
    public void aDiskIsPluggedByOneLineThatNamesItsFileAndUnpluggedWithItsConfiguration() throws Exception {
        var disk = configure(DISK, "disk0", "vm", "disks", "file", image.toString());
        await("the disk", () -> has("disk0"));
        assertEquals(DeviceType.BLOCK, machine.devices().find("disk0").orElseThrow().device().type());
        assertEquals(2048, machine.devices().find("disk0").orElseThrow().device().read(0x100, 8));
        disk.delete();
        await("the disk is gone", () -> !has("disk0"));
        configure(DISK, "disk1", "vm", "disks", "file", image.toString());
        await("its file is free again", () -> has("disk1"));
    }

    @Test
    public void aDiskGrowsInItsPlaceAndIsReplacedWhenAnotherFileIsBehindIt() throws Exception {
        machines.addDevice("disks", "virtio.blk", "disk0", Map.of("file", image.toString()));
        machines.addDevice("disks", "virtio.blk", "scratch", Map.of("ram", "1M"));
        Object disk = machine.devices().find("disk0").orElseThrow().device();
        Object scratch = machine.devices().find("scratch").orElseThrow().device();
        machines.changeDevice("disks", "disk0", Map.of("size", "4M"));
        machines.changeDevice("disks", "scratch", Map.of("ram", "8M"));
        await("the image grows", () -> sectors("disk0") == 8192);
        await("the RAM disk grows", () -> sectors("scratch") == 16384);
        assertEquals(4 << 20, Files.size(image));
        assertSame(disk, machine.devices().find("disk0").orElseThrow().device());
        assertSame(scratch, machine.devices().find("scratch").orElseThrow().device());
        Path other = Files.write(folder.newFile("other.img").toPath(), new byte[2 << 20]);
        machines.changeDevice("disks", "disk0", Map.of("file", other.toString(), "size", ""));
        await("another disk", () -> sectors("disk0") == 4096);
        assertNotSame(disk, machine.devices().find("disk0").orElseThrow().device());
        assertThrows(DeviceException.class, () -> machines.changeDevice("disks", "disk9", Map.of("size", "4M")));
    }

    @Test
    public void aDiskMovesToOtherStorageInItsPlaceAndIsFoundThereByItsSuccessor() throws Exception {
        byte[] contents = new byte[1 << 20];
        new Random(1).nextBytes(contents);
        Files.write(image, contents);
        machines.addDevice("disks", "virtio.blk", "disk0", Map.of("file", image.toString()));
        Object disk = machine.devices().find("disk0").orElseThrow().device();
        StorageMover mover = context.getService(context.getServiceReference(StorageMover.class));
        Path other = folder.getRoot().toPath().resolve("other.img");
        for (Map<String, String> to : List.of(Map.of("ram", ""), Map.of("file", other.toString()))) {
            StorageMove move = mover.move("disks", "disk0", to).ended().toCompletableFuture().get(20, TimeUnit.SECONDS);
            assertEquals(move.detail(), StorageMove.State.DONE, move.state());
            assertSame(disk, machine.devices().find("disk0").orElseThrow().device());
            assertEquals(2048, sectors("disk0"));
        }
        var configuration = configurations.listConfigurations("(&(vm=disks)(service.factoryPid=" + DISK + "))")[0];
        assertEquals(other.toString(), configuration.getProperties().get("file"));
        assertTrue(configuration.getProperties().get("ram") == null);
        assertTrue(machine.devices().find("disk0").orElseThrow().device().info().get("backend").contains("other.img"));
        Bundle storage = Stream.of(context.getBundles()).filter(b -> STORAGE.equals(b.getSymbolicName())).findFirst()
                .orElseThrow();
        storage.stop();
        await("the disk is gone", () -> !has("disk0"));
        assertArrayEquals(contents, Files.readAllBytes(other));
        storage.start();
        await("the disk is back", () -> has("disk0"));
        assertTrue(machine.devices().find("disk0").orElseThrow().device().info().get("backend").contains("other.img"));
    }

    private long sectors(String disk) {
        return machine.devices().find(disk).map(found -> found.device().read(0x100, 8)).orElse(0L);
    }

    @Test
    public void aDiskLeavesWhenTheBundleOfItsStorageStopsAndComesBackWithIt() throws Exception {
        configure(DISK, "disk0", "vm", "disks", "file", image.toString());
        configure(DISK, "scratch", "vm", "disks", "ram", "1M");
        await("the disks", () -> has("disk0") && has("scratch"));
        Bundle storage = Stream.of(context.getBundles()).filter(b -> STORAGE.equals(b.getSymbolicName())).findFirst()
                .orElseThrow();
        storage.stop();
        await("the disks are gone", () -> !has("disk0") && !has("scratch"));
        assertTrue(machines.why("disk0"), machines.why("disk0").contains("BlockBackendFactory"));
        storage.start();
        await("the disks are back", () -> has("disk0") && has("scratch"));
    }

    @Test
    public void aNamedBackendMayComeLaterAndOutlivesItsDisk() throws Exception {
        var disk = configure(DISK + ".named", "disk0", "vm", "disks", "backend.target", "(name=pool)");
        configure(DISK, "other", "vm", "disks", "ram", "1M");
        await("another disk", () -> has("other"));
        assertFalse(has("disk0"));
        assertTrue(machines.why("disk0"), machines.why("disk0").contains("(name=pool)"));
        var pool = configure(STORAGE + ".ram", "pool", "name", "pool", "size", "2M");
        await("the disk", () -> has("disk0"));
        disk.delete();
        await("the disk is gone", () -> !has("disk0"));
        configure(DISK + ".named", "again", "vm", "disks", "backend.target", "(name=pool)");
        await("another disk in front of it", () -> has("again"));
        pool.delete();
        await("that one leaves with it", () -> !has("again"));
    }

    @Test
    public void twoDisksDoNotWriteOneFile() throws Exception {
        configure(DISK, "disk0", "vm", "disks", "file", image.toString());
        await("the disk", () -> has("disk0"));
        configure(DISK, "disk1", "vm", "disks", "file", image.toString());
        configure(DISK, "disk2", "vm", "disks", "ram", "1M");
        await("a disk configured later", () -> has("disk2"));
        assertFalse(has("disk1"));
        assertTrue(has("disk0"));
        assertTrue(machines.why("disk1"), machines.why("disk1").contains("two machines must not write one image"));
    }

    @Test
    public void aDiskThatIsAddedIsThereAtOnceAndOneThatCannotBeIsAnsweredBySentence() throws Exception {
        machines.addDevice("disks", "virtio.blk", "disk0", Map.of("file", image.toString()));
        assertTrue(has("disk0"));
        DeviceException missing = assertThrows(DeviceException.class,
                () -> machines.addDevice("disks", "virtio.blk", "disk1", Map.of("file", image + ".missing")));
        assertTrue(missing.getMessage(), missing.getMessage().contains("disk.img.missing' does not exist"));
        assertEquals(1, configurations.listConfigurations("(&(vm=disks)(service.factoryPid=" + DISK + "))").length);
    }

    private boolean has(String device) {
        return machine.devices().find(device).isPresent();
    }

    private org.osgi.service.cm.Configuration configure(String pid, String name, String... pairs) throws Exception {
        Hashtable<String, Object> properties = new Hashtable<>();
        for (int i = 0; i < pairs.length; i += 2) {
            properties.put(pairs[i], pairs[i + 1]);
        }
        var configuration = configurations.getFactoryConfiguration(pid, name, "?");
        configuration.update(properties);
        return configuration;
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
