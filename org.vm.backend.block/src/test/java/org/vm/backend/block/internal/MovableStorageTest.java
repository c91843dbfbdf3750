package org.vm.backend.block.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.vm.api.backend.BlockBackend;
import org.vm.api.backend.StorageMove;
import org.vm.api.backend.StorageMove.State;

/** Storage that moves under load is the array of bytes that it always was. */
class MovableStorageTest {
    private static final int SIZE = 9 * Mirror.CHUNK + 4096;
    private static final int SECTOR = 512;
    private static final int THREADS = 4;
    private static final int MOVES = 3;

    @Property(tries = 8)
    void requestsNoticeNothingOfMovesThatSucceedOrAreCancelled(@ForAll long seed) throws Exception {
        load(seed, 0, 0);
    }

    @Property(tries = 8)
    void anErrorOfTheTargetEndsTheMoveAndNothingElse(@ForAll long seed) throws Exception {
        load(seed, 0, 0.01);
    }

    @Property(tries = 8)
    void anErrorOfTheSourceIsTheRequestsAndWhatItLeavesIsMoved(@ForAll long seed) throws Exception {
        load(seed, 0.02, 0);
    }

    private static void load(long seed, double sourceFailures, double targetFailures) throws Exception {
        Random random = new Random(seed);
        List<FaultyStorage> all = new ArrayList<>();
        FaultyStorage source = storage(all, random);
        source.failures = sourceFailures;
        MovableStorage storage = new MovableStorage(opened(source, 0), closed -> { });
        List<StorageMove> moves = new ArrayList<>();
        AtomicBoolean stop = new AtomicBoolean();
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Future<Guest>> guests = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                Guest guest = new Guest(storage, thread, random.nextLong(), sourceFailures + targetFailures > 0, stop);
                guests.add(threads.submit(guest));
            }
            for (int i = 0; i < MOVES || moves.stream().allMatch(move -> move.state() == State.CANCELLED); i++) {
                FaultyStorage target = storage(all, random);
                target.failures = targetFailures;
                StorageMove move = storage.move("vm", "disk", new Move.Target(opened(target, all.size()), true, Optional.empty()),
                        settings -> {
                            // What fails from now on may be the guest's.
                            target.failures = 0;
                            new Thread(() -> adjust(storage, settings)).start();
                        });
                moves.add(move);
                if (random.nextInt(4) == 0) {
                    move.cancel();
                }
                move.ended().toCompletableFuture().get(30, TimeUnit.SECONDS);
                // A storage that has become the disk's has its failures for its guests.
                target.failures = sourceFailures;
            }
            stop.set(true);
            for (Future<Guest> guest : guests) {
                guest.get(30, TimeUnit.SECONDS);
            }
            if (sourceFailures == 0) {
                // What fails at a target and is only noticed behind the switch is the request's.
                int errors = 0;
                for (Future<Guest> guest : guests) {
                    errors += guest.get().failed;
                }
                long switches = moves.stream().filter(move -> move.state() == State.DONE).count();
                assertTrue(errors <= THREADS * switches, errors + " requests failed");
            }
            all.forEach(each -> each.failures = 0);
            for (Future<Guest> guest : guests) {
                guest.get().verify(storage);
                guest.get().verify(storage.current().storage());
            }
        }
        for (StorageMove move : moves) {
            assertTrue(move.state() == State.DONE || move.state() == State.CANCELLED
                    || move.state() == State.FAILED && sourceFailures + targetFailures > 0, move.state() + " " + move.detail());
        }
        assertEquals(all.size() - 1, all.stream().filter(each -> each.closed.get()).count(), "all but one are closed");
        assertFalse(((FaultyStorage) storage.current().storage()).closed.get());
    }

    private static void adjust(MovableStorage storage, Map<String, String> settings) {
        try {
            storage.adjust(settings);
        } catch (IOException | RuntimeException e) {
            // The move failed; it says so itself.
            assertFalse(e.getMessage().isEmpty());
        }
    }

    private static FaultyStorage storage(List<FaultyStorage> all, Random random) {
        FaultyStorage storage = new FaultyStorage(new RamDiskBackend(SIZE), random.nextLong());
        all.add(storage);
        return storage;
    }

    private static Opened opened(BlockBackend storage, int number) {
        return Opened.of(storage, Map.of("file", "storage" + number));
    }

    /** Uses sectors of its own, in all chunks, and knows what is in them. */
    private static final class Guest implements Callable<Guest> {
        private final MovableStorage storage;
        private final int thread;
        private final Random random;
        private final boolean errors;
        private int failed;
        private final AtomicBoolean stop;
        private final byte[] model = new byte[SIZE];
        /** Discarded sectors, which may have any contents. */
        private final boolean[] anything = new boolean[SIZE / SECTOR];
        /** Those of a write that failed: they may have any, until they are read. */
        private final boolean[] unsure = new boolean[SIZE / SECTOR];

        Guest(MovableStorage storage, int thread, long seed, boolean errors, AtomicBoolean stop) {
            this.stop = stop;
            this.storage = storage;
            this.thread = thread;
            this.random = new Random(seed);
            this.errors = errors;
        }

        @Override
        public Guest call() throws IOException {
            MemorySegment buffer = Arena.ofAuto().allocate(16 * SECTOR);
            while (!stop.get()) {
                // A group of sixteen sectors belongs to one thread.
                int group = random.nextInt(SIZE / (16 * SECTOR) / THREADS) * THREADS + thread;
                int first = group * 16 + random.nextInt(16);
                int count = 1 + random.nextInt(group * 16 + 16 - first);
                try {
                    request(random.nextInt(8), first, buffer.asSlice(0, (long) count * SECTOR));
                } catch (IOException e) {
                    assertTrue(errors, e.toString());
                    failed++;
                }
            }
            return this;
        }

        private void request(int kind, int first, MemorySegment buffer) throws IOException {
            int offset = first * SECTOR;
            int length = (int) buffer.byteSize();
            int end = first + length / SECTOR;
            switch (kind) {
                case 0 -> storage.flush();
                case 1 -> {
                    Arrays.fill(anything, first, end, true);
                    storage.discard(offset, length);
                }
                case 2 -> {
                    Arrays.fill(unsure, first, end, true);
                    storage.writeZeroes(offset, length, random.nextBoolean());
                    Arrays.fill(model, offset, offset + length, (byte) 0);
                    known(first, end);
                }
                case 3, 4 -> {
                    storage.read(offset, List.of(buffer));
                    compare(buffer, first);
                }
                default -> {
                    byte[] data = new byte[length];
                    random.nextBytes(data);
                    MemorySegment.copy(data, 0, buffer, ValueLayout.JAVA_BYTE, 0, length);
                    Arrays.fill(unsure, first, end, true);
                    storage.write(offset, List.of(buffer.asSlice(0, length / 2), buffer.asSlice(length / 2)));
                    System.arraycopy(data, 0, model, offset, length);
                    known(first, end);
                }
            }
        }

        private void known(int first, int end) {
            Arrays.fill(unsure, first, end, false);
            Arrays.fill(anything, first, end, false);
        }

        private void compare(MemorySegment buffer, int first) {
            for (int i = 0; i < buffer.byteSize() / SECTOR; i++) {
                MemorySegment sector = buffer.asSlice((long) i * SECTOR, SECTOR);
                if (unsure[first + i] && !anything[first + i]) {
                    MemorySegment.copy(sector, ValueLayout.JAVA_BYTE, 0, model, (first + i) * SECTOR, SECTOR);
                    unsure[first + i] = false;
                } else if (!anything[first + i]) {
                    assertEquals(-1, sector.mismatch(MemorySegment.ofArray(model).asSlice((long) (first + i) * SECTOR, SECTOR)),
                            "sector " + (first + i));
                }
            }
        }

        void verify(BlockBackend all) throws IOException {
            MemorySegment buffer = Arena.ofAuto().allocate(16 * SECTOR);
            for (int group = thread; group < SIZE / (16 * SECTOR); group += THREADS) {
                if (group % THREADS == thread) {
                    all.read((long) group * 16 * SECTOR, List.of(buffer));
                    compare(buffer, group * 16);
                }
            }
        }
    }
}
