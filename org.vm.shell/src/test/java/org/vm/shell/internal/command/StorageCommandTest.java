package org.vm.shell.internal.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.vm.api.ConfigurationException;
import org.vm.api.backend.StorageMove;
import org.vm.api.backend.StorageMover;

/** How people move disks. */
class StorageCommandTest {
    private final List<StorageMove> moves = new ArrayList<>();
    private final List<String> asked = new ArrayList<>();
    private final StringWriter output = new StringWriter();
    private final Shell shell = new Shell(new FakeManager("linux"), new Consoles(), () -> null,
            new Screen(new PrintWriter(output), Optional.empty()), this::find);
    private FakeMove next = new FakeMove(StorageMove.State.DONE, "");

    private <T> Optional<T> find(Class<T> type) {
        return type == StorageMover.class ? Optional.of(type.cast(new FakeMover())) : Optional.empty();
    }

    private final class FakeMover implements StorageMover {
        @Override
        public StorageMove move(String vm, String disk, Map<String, ?> to) {
            asked.add(vm + " " + disk + " " + to);
            if (to.isEmpty()) {
                throw new ConfigurationException("where to?");
            }
            moves.add(next);
            return next;
        }

        @Override
        public List<StorageMove> moves() {
            return moves;
        }
    }

    private static final class FakeMove implements StorageMove {
        private final CompletableFuture<StorageMove> ended = new CompletableFuture<>();
        private final String detail;
        private State state;

        FakeMove(State state, String detail) {
            this.state = state;
            this.detail = detail;
            if (state != State.COPYING) {
                ended.complete(this);
            }
        }

        @Override
        public String vm() {
            return "linux";
        }

        @Override
        public String disk() {
            return "disk0";
        }

        @Override
        public String from() {
            return "file a.img";
        }

        @Override
        public String to() {
            return "file b.img";
        }

        @Override
        public State state() {
            return state;
        }

        @Override
        public String detail() {
            return detail;
        }

        @Override
        public long copied() {
            return state == State.DONE ? 4096 : 1024;
        }

        @Override
        public long total() {
            return 4096;
        }

        @Override
        public boolean cancel() {
            if (state != State.COPYING) {
                return false;
            }
            state = State.CANCELLED;
            return ended.complete(this);
        }

        @Override
        public CompletionStage<StorageMove> ended() {
            return ended;
        }
    }

    private String run(String line) {
        output.getBuffer().setLength(0);
        List<String> words = List.of(line.split(" "));
        Invocation.run(words.getFirst(), shell, words.subList(1, words.size()));
        return output.toString().replaceAll(" +\n", "\n");
    }

    private String failure(String line) {
        return assertThrows(Invocation.CommandFailure.class, () -> run(line)).getMessage();
    }

    @Test
    void aDiskIsMovedAndWaitedFor() {
        assertEquals("copying disk0: 100%\ndisk 'disk0' is on file b.img; file a.img is no longer used\n",
                run("storage-move linux disk0 file=b.img --overwrite"));
        run("storage-move linux disk0 ram");
        assertEquals(List.of("linux disk0 {file=b.img, overwrite=true}", "linux disk0 {ram=}"), asked);
    }

    @Test
    void aMoveThatFailsIsOneSentence() {
        next = new FakeMove(StorageMove.State.FAILED, "No space left on device; the disk stays on file a.img");
        assertEquals("disk 'disk0' is not moved to file b.img: No space left on device; the disk stays on file a.img",
                failure("storage-move linux disk0 file=b.img"));
        assertEquals("where to?", failure("storage-move linux disk0"));
        assertTrue(failure("storage-move linux").startsWith("which disk of machine 'linux'?"));
    }

    @Test
    void movesAreListedAndCancelled() {
        assertEquals("no disk has been moved\n", run("storage-move"));
        next = new FakeMove(StorageMove.State.COPYING, "");
        assertEquals("disk 'disk0' is on its way to file b.img; see: storage-move\n", run("storage-move linux disk0 ram -b"));
        assertEquals("""
                DISK         FROM        TO          COPIED  STATE    DETAIL
                linux/disk0  file a.img  file b.img   25.0%  copying
                """, run("storage-move"));
        assertEquals("disk 'disk0' stays on file a.img\n", run("storage-move linux disk0 --cancel"));
        assertTrue(failure("storage-move linux disk0 --cancel").contains("is not being moved"));
    }

    @Test
    void withoutABundleThatMovesDisksThatIsSaid() {
        Shell bare = new Shell(new FakeManager("linux"), new Consoles(), () -> null,
                new Screen(new PrintWriter(output), Optional.empty()));
        assertEquals("no bundle offers a StorageMover; lb shows which bundles there are",
                assertThrows(Invocation.CommandFailure.class, () -> Invocation.run("storage-move", bare, List.of())).getMessage());
    }
}
