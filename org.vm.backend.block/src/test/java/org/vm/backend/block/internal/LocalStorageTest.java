package org.vm.backend.block.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.ConfigurationException;
import org.vm.api.backend.AdjustableBackend;
import org.vm.api.backend.BlockBackend;
import org.vm.api.backend.StorageMove;
import org.vm.api.backend.StorageMove.State;
import org.vm.api.machine.MachineManager;
import org.vm.api.replace.BundleReplacer;

/** Disks that go from one storage to another. */
class LocalStorageTest {
    private static final int SIZE = 3 << 20;

    @TempDir
    private Path folder;
    private final LocalStorage storage = new LocalStorage();
    private final Map<String, Object> configuration = new HashMap<>(Map.of("vm", "linux", "name", "disk0"));
    private final byte[] contents = new byte[SIZE];
    private Path image;
    private AdjustableBackend disk;

    @BeforeEach
    void openADisk() throws IOException {
        new Random(1).nextBytes(contents);
        image = Files.write(folder.resolve("disk.img"), contents);
        configuration.put("file", image.toString());
        storage.bindMachines(manager());
        disk = (AdjustableBackend) storage.open(configuration);
    }

    /** A manager that does with a changed configuration what a disk does. */
    private MachineManager manager() {
        return (MachineManager) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {MachineManager.class},
                (proxy, method, arguments) -> {
                    assertEquals("changeDevice", method.getName());
                    ((Map<?, ?>) arguments[2]).forEach((key, value) -> {
                        configuration.put(key.toString(), value);
                        configuration.remove(key, "");
                    });
                    new Thread(() -> change(Map.copyOf(configuration))).start();
                    return null;
                });
    }

    private void change(Map<String, Object> properties) {
        try {
            if (!disk.adjust(properties)) {
                disk.close();
            }
        } catch (IOException | ConfigurationException e) {
            // As a disk that keeps its old configuration.
        }
    }

    private static State end(StorageMove move) throws InterruptedException, ExecutionException, TimeoutException {
        return move.ended().toCompletableFuture().get(30, TimeUnit.SECONDS).state();
    }

    private static byte[] read(BlockBackend disk, int size) throws IOException {
        MemorySegment buffer = Arena.ofAuto().allocate(size);
        disk.read(0, List.of(buffer));
        return buffer.toArray(ValueLayout.JAVA_BYTE);
    }

    @Test
    void aDiskGoesFromItsFileToRamAndToAnotherFileAndItsConfigurationWithIt() throws Exception {
        StorageMove toRam = storage.move("linux", "disk0", Map.of("ram", ""));
        assertEquals(State.DONE, end(toRam), toRam.detail());
        assertEquals(SIZE, toRam.copied());
        assertEquals(Map.of("vm", "linux", "name", "disk0", "ram", Integer.toString(SIZE)), configuration);
        assertArrayEquals(contents, read(disk, SIZE));
        new FileBlockBackend(image, false).close();
        Path other = folder.resolve("other.img");
        StorageMove toFile = storage.move("linux", "disk0", Map.of("file", other.toString()));
        assertEquals(State.DONE, end(toFile), toFile.detail());
        assertEquals(Map.of("vm", "linux", "name", "disk0", "file", other.toString()), configuration);
        assertThrows(ConfigurationException.class, () -> new FileBlockBackend(other, false));
        disk.close();
        assertArrayEquals(contents, Files.readAllBytes(other));
        BlockBackend again = storage.open(configuration);
        assertArrayEquals(contents, read(again, SIZE));
        again.close();
        assertEquals(List.of(toRam, toFile), storage.moves());
    }

    @Test
    void aLargerTargetMakesTheDiskLarger() throws Exception {
        assertEquals(State.DONE, end(storage.move("linux", "disk0", Map.of("ram", "5M"))));
        assertEquals(5 << 20, disk.size());
    }

    @Test
    void whatCannotBeIsRefusedAtOnceAndLeavesNothing() throws IOException {
        Path small = Files.write(folder.resolve("small.img"), new byte[1 << 20]);
        refused("too few for the " + SIZE, Map.of("file", small.toString(), "overwrite", "true"));
        refused("is there already", Map.of("file", small.toString()));
        refused("too few", Map.of("ram", "1M"));
        refused("too few", Map.of("file", folder.resolve("new.img").toString(), "size", "1M"));
        refused("cannot be made", Map.of("file", folder.resolve("missing/new.img").toString()));
        refused("in use by this container", Map.of("file", image.toString(), "overwrite", "true"));
        refused("either file=PATH or ram", Map.of());
        refused("either file=PATH or ram", Map.of("file", "x", "ram", ""));
        assertTrue(assertThrows(ConfigurationException.class, () -> storage.move("linux", "disk1", Map.of("ram", "")))
                .getMessage().contains("linux/disk0"));
        try (var files = Files.list(folder)) {
            assertEquals(2, files.count());
        }
        assertArrayEquals(contents, read(disk, SIZE));
    }

    private void refused(String why, Map<String, String> to) {
        String message = assertThrows(ConfigurationException.class, () -> storage.move("linux", "disk0", to)).getMessage();
        assertTrue(message.contains(why), message);
    }

    @Test
    void aReadOnlyDiskStaysWhereItIs() throws IOException {
        disk.close();
        configuration.put("readOnly", "true");
        disk = (AdjustableBackend) storage.open(configuration);
        refused("is read-only", Map.of("ram", ""));
    }

    @Test
    void aConfigurationThatCannotBeChangedKeepsTheDiskWhereItIs() throws Exception {
        storage.unbindMachines(null);
        storage.bindMachines((MachineManager) Proxy.newProxyInstance(getClass().getClassLoader(),
                new Class<?>[] {MachineManager.class}, (proxy, method, arguments) -> {
                    throw new ConfigurationException("the configuration is read-only");
                }));
        Path other = folder.resolve("other.img");
        StorageMove move = storage.move("linux", "disk0", Map.of("file", other.toString()));
        assertEquals(State.FAILED, end(move));
        assertEquals("the configuration is read-only; the disk stays on file " + image, move.detail());
        assertFalse(Files.exists(other));
        disk.close();
        assertArrayEquals(contents, Files.readAllBytes(image));
    }

    /** A RAM disk whose reads wait, so that a move does not end by itself. */
    private MovableStorage slow(CountDownLatch reads) {
        BlockBackend ram = new RamDiskBackend(SIZE);
        BlockBackend slow = (BlockBackend) Proxy.newProxyInstance(getClass().getClassLoader(),
                new Class<?>[] {AdjustableBackend.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("read")) {
                        assertTrue(reads.await(30, TimeUnit.SECONDS));
                    }
                    return method.invoke(ram, arguments);
                });
        return new MovableStorage(Opened.of(slow, Map.of("ram", "3M")), closed -> { });
    }

    private static void adjust(MovableStorage movable, Map<String, String> settings) {
        try {
            assertTrue(movable.adjust(settings));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Move.Target target(BlockBackend storage) {
        return new Move.Target(Opened.of(storage, Map.of("file", "elsewhere")), true, Optional.empty());
    }

    @Test
    void aMoveIsCancelledAndOneAtATimeIsEnough() throws Exception {
        CountDownLatch reads = new CountDownLatch(1);
        MovableStorage movable = slow(reads);
        FaultyStorage target = new FaultyStorage(new RamDiskBackend(SIZE), 1);
        StorageMove move = movable.move("linux", "disk", target(target), settings -> { });
        assertThrows(ConfigurationException.class, () -> movable.requireStill("disk"));
        assertTrue(movable.description().contains("moving to"));
        assertTrue(move.cancel());
        reads.countDown();
        assertEquals(State.CANCELLED, end(move));
        assertTrue(target.closed.get());
        assertFalse(move.cancel());
        movable.requireStill("disk");
    }

    @Test
    void aDiskThatLeavesEndsItsMove() throws Exception {
        CountDownLatch reads = new CountDownLatch(1);
        MovableStorage movable = slow(reads);
        FaultyStorage target = new FaultyStorage(new RamDiskBackend(SIZE), 1);
        StorageMove move = movable.move("linux", "disk", target(target), settings -> { });
        CompletableFuture<Void> closed = CompletableFuture.runAsync(() -> {
            try {
                movable.close();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        while (move.state() == State.COPYING) {
            Thread.onSpinWait();
        }
        reads.countDown();
        closed.get(30, TimeUnit.SECONDS);
        assertEquals(State.CANCELLED, move.state());
        assertTrue(target.closed.get());
    }

    @Test
    void aDiskThatGrowsMeanwhileTakesWhatIsNewAlongOrStaysIfTheTargetIsTooSmall() throws Exception {
        for (long room : new long[] {5 << 20, SIZE}) {
            CountDownLatch reads = new CountDownLatch(1);
            MovableStorage movable = slow(reads);
            RamDiskBackend target = new RamDiskBackend(room);
            StorageMove move = movable.move("linux", "disk", target(target), settings -> adjust(movable, settings));
            assertTrue(movable.adjust(Map.of("ram", "4M")));
            assertEquals(4 << 20, movable.current().storage().size());
            MemorySegment tail = Arena.ofAuto().allocate(4096).fill((byte) 7);
            movable.write((4 << 20) - 4096, List.of(tail));
            reads.countDown();
            assertEquals(room > SIZE ? State.DONE : State.FAILED, end(move), move.detail());
            MemorySegment found = Arena.ofAuto().allocate(4096);
            movable.read((4 << 20) - 4096, List.of(found));
            assertEquals(-1, found.mismatch(tail));
            assertEquals(room > SIZE, movable.current().storage() == target);
        }
    }

    @Test
    void whatAFailedWriteLeavesInTheSourceIsCopiedAgain() throws Exception {
        FaultyStorage source = new FaultyStorage(new RamDiskBackend(SIZE), 1);
        MemorySegment ones = Arena.ofAuto().allocate(Mirror.CHUNK).fill((byte) 1);
        source.write(0, List.of(ones));
        source.write(Mirror.CHUNK, List.of(ones));
        MovableStorage movable = new MovableStorage(Opened.of(source, Map.of("ram", "3M")), closed -> { });
        CountDownLatch second = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        RamDiskBackend ram = new RamDiskBackend(SIZE);
        BlockBackend target = (BlockBackend) Proxy.newProxyInstance(getClass().getClassLoader(),
                new Class<?>[] {BlockBackend.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("write") && arguments[0].equals((long) Mirror.CHUNK)) {
                        second.countDown();
                        assertTrue(goOn.await(30, TimeUnit.SECONDS));
                    }
                    return method.invoke(ram, arguments);
                });
        StorageMove move = movable.move("linux", "disk", target(target), settings -> adjust(movable, settings));
        assertTrue(second.await(30, TimeUnit.SECONDS));
        source.failures = 1;
        assertThrows(IOException.class, () -> movable.write(0, List.of(ones)));
        source.failures = 0;
        byte[] seen = read(movable, 4096);
        assertEquals((byte) 0xEE, seen[0]);
        goOn.countDown();
        assertEquals(State.DONE, end(move), move.detail());
        assertArrayEquals(seen, read(movable, 4096));
    }

    @Test
    void anErrorAtTheLastMomentTakesTheConfigurationBack() throws Exception {
        FaultyStorage source = new FaultyStorage(new RamDiskBackend(SIZE), 1);
        MovableStorage movable = new MovableStorage(Opened.of(source, Map.of("ram", "3M")), closed -> { });
        FaultyStorage target = new FaultyStorage(new RamDiskBackend(SIZE), 1);
        Map<String, String> configured = new HashMap<>();
        StorageMove move = movable.move("linux", "disk", target(target), settings -> {
            configured.putAll(settings);
            if (settings.get("file").equals("elsewhere")) {
                target.failures = 1;
                try {
                    // A guest's write, of which it notices nothing.
                    movable.write(0, List.of(Arena.ofAuto().allocate(512).fill((byte) 1)));
                    assertThrows(ConfigurationException.class, () -> movable.adjust(settings));
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            }
        });
        assertEquals(State.FAILED, end(move));
        assertTrue(move.detail().contains("failed half way"), move.detail());
        assertEquals(Map.of("file", "", "ram", "3M", "size", ""), configured);
        assertEquals(1, read(movable, 512)[0]);
    }

    @Test
    void aFlushIsOneOfBothFromTheTimeWhenTheConfigurationMayNameEither() throws Exception {
        MovableStorage movable = new MovableStorage(Opened.of(new RamDiskBackend(SIZE), Map.of("ram", "3M")), closed -> { });
        FaultyStorage target = new FaultyStorage(new RamDiskBackend(SIZE), 1);
        StorageMove move = movable.move("linux", "disk", target(target), settings -> {
            if (settings.get("file").equals("elsewhere")) {
                target.failures = 1;
                try {
                    movable.flush();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            }
        });
        assertEquals(State.FAILED, end(move));
        assertTrue(move.detail().contains("flushing failed"), move.detail());
    }

    @Test
    void aRamDiskThatIsReplacedFindsItsContentsAgainEvenWhereAMoveHasBroughtIt() throws Exception {
        Map<String, Object> left = new HashMap<>();
        LocalStorage next = new LocalStorage();
        BundleReplacer replacer = (BundleReplacer) Proxy.newProxyInstance(getClass().getClassLoader(),
                new Class<?>[] {BundleReplacer.class}, (proxy, method, arguments) -> {
                    String key = arguments[0] + "/" + arguments[1] + "/" + arguments[2];
                    return method.getName().equals("take") ? Optional.ofNullable(left.remove(key))
                            : left.put(key, arguments[3]) == null;
                });
        storage.bindReplacer(replacer);
        next.bindReplacer(replacer);
        assertEquals(State.DONE, end(storage.move("linux", "disk0", Map.of("ram", ""))));
        disk.close();
        assertEquals(List.of("linux/disk0/memory"), List.copyOf(left.keySet()));
        BlockBackend successor = next.open(configuration);
        assertTrue(left.isEmpty());
        assertArrayEquals(contents, read(successor, SIZE));
        assertArrayEquals(new byte[SIZE], read(disk, SIZE));
        next.unbindReplacer(replacer);
        successor.close();
        assertTrue(left.isEmpty());
    }

    @Test
    void aDiskThatIsThereTwiceHasOneStorageUntilTheLastOfThemIsClosed() throws Exception {
        BlockBackend again = storage.open(configuration);
        assertArrayEquals(contents, read(again, SIZE));
        disk.close();
        assertArrayEquals(contents, read(again, SIZE));
        Map<String, Object> other = new HashMap<>(configuration);
        other.put("name", "disk1");
        assertThrows(ConfigurationException.class, () -> storage.open(other), "another disk's storage is its own");
        again.close();
        storage.open(other).close();
        storage.open(configuration).close();
    }
}
