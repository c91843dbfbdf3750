package org.vm.backend.block.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.VmException;
import org.vm.api.backend.StorageMove;

/**
 * Moves a {@link MovableStorage}: mirrors it, copies, writes the configuration, and switches when that has arrived. Between the
 * last copy and the switch both storages get and flush the same, so whichever one the configuration names is the right one,
 * should the monitor end in between.
 */
final class Move implements StorageMove {
    private static final Logger LOG = LoggerFactory.getLogger(Move.class);
    private static final long CONFIGURED_SECONDS = 10;
    private static final long LEFT_SECONDS = 30;

    /** Writes the settings into the configuration of the disk. */
    @FunctionalInterface
    interface Configuration {
        void change(Map<String, String> settings);
    }

    /** @param created the file that was made for it, and goes with it if nothing comes of the move */
    record Target(Opened storage, boolean blank, Optional<Path> created) {}

    private final String vm;
    private final String disk;
    private final MovableStorage movable;
    private final Opened source;
    private final Target target;
    private final Configuration configuration;
    private final Mirror mirror;
    private final AtomicReference<State> state = new AtomicReference<>(State.COPYING);
    private final CountDownLatch switched = new CountDownLatch(1);
    private final CompletableFuture<StorageMove> ended = new CompletableFuture<>();
    private final String from;
    private final String to;
    private volatile String detail = "";

    Move(String vm, String disk, MovableStorage movable, Opened source, Target target, Configuration configuration) {
        this.vm = vm;
        this.disk = disk;
        this.movable = movable;
        this.source = source;
        this.target = target;
        this.configuration = configuration;
        from = source.storage().description();
        to = target.storage.storage().description();
        mirror = new Mirror(source.storage(), target.storage.storage(), target.blank, this::fail);
    }

    void start() {
        Thread.ofVirtual().name("move of " + vm + "/" + disk).start(this::run);
    }

    private void run() {
        try {
            movable.redirect(mirror);
            copy();
            if (state.compareAndSet(State.COPYING, State.SWITCHING)) {
                configure();
            }
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            fail(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            fail(e);
        }
        try {
            leave();
        } catch (IOException | RuntimeException | InterruptedException e) {
            LOG.warn("what the move of disk {} of machine {} leaves cannot be closed", disk, vm, e);
        } finally {
            mirror.close();
            LOG.info("disk {} of machine {}: {} from {} to {} {}", disk, vm, state.get(), from, to, detail);
            ended.complete(this);
        }
    }

    private void copy() throws IOException {
        do {
            while (state.get() == State.COPYING && mirror.copyNext()) {
                // A chunk after the other; each says itself whether it fails.
            }
            if (state.get() == State.COPYING) {
                mirror.settle();
            }
        } while (state.get() == State.COPYING && !mirror.isEqual());
    }

    /** The configuration comes to {@link MovableStorage#adjust}, which switches. */
    private void configure() throws InterruptedException {
        Map<String, String> before = movable.current().settings();
        configuration.change(target.storage.settings());
        if (!switched.await(CONFIGURED_SECONDS, TimeUnit.SECONDS)) {
            switchOver();
        }
        if (state.get() == State.FAILED) {
            configuration.change(before);
        }
    }

    /** Requests go to the target from now on, if both are equal. @return whether it is so */
    boolean switchOver() {
        if (!mirror.finish()) {
            fail(new IOException("a write to " + from + " failed while the disk was to change over"));
        }
        if (state.compareAndSet(State.SWITCHING, State.DONE)) {
            movable.settle(target.storage);
            switched.countDown();
        }
        return state.get() == State.DONE;
    }

    private boolean fail(Throwable cause) {
        for (State now = state.get(); now == State.COPYING || now == State.SWITCHING; now = state.get()) {
            if (state.compareAndSet(now, State.FAILED)) {
                mirror.part();
                detail = sentence(cause) + "; the disk stays on " + from;
                LOG.warn("disk {} of machine {} is not moved: {}", disk, vm, detail, cause);
                switched.countDown();
            }
        }
        return state.get() != State.DONE;
    }

    private static String sentence(Throwable cause) {
        if (cause instanceof OutOfMemoryError) {
            return "there is not enough memory";
        }
        return cause instanceof VmException || cause instanceof IOException && cause.getMessage() != null
                ? cause.getMessage() : cause.toString();
    }

    /** Lets go of the storage that is left over when no request is on its way to it. */
    private void leave() throws IOException, InterruptedException {
        if (state.get() == State.DONE) {
            movable.drained();
            source.storage().close();
            return;
        }
        mirror.part();
        movable.settle(source);
        movable.drained();
        target.storage.storage().close();
        if (target.created.isPresent()) {
            Files.deleteIfExists(target.created.get());
        }
    }

    /** The disk goes. What is equal, and may be configured already, is done; else nothing comes of it. */
    void diskLeaves() throws IOException {
        if (state.get() == State.SWITCHING) {
            try {
                source.storage().flush();
                target.storage.storage().flush();
                switchOver();
            } catch (IOException e) {
                fail(e);
            }
        }
        if (state.compareAndSet(State.COPYING, State.CANCELLED)) {
            detail = "the disk left";
        }
        try {
            ended.get(LEFT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("the move of disk " + disk + " to " + to + " does not end", e);
        }
    }

    /** The source has changed its size. */
    void grown() {
        if (source.storage().size() > target.storage.storage().size()) {
            fail(new IOException("the disk has grown to " + source.storage().size() + " bytes, beyond " + to));
        } else {
            mirror.grown();
        }
    }

    /** Whether a configuration names the target. */
    boolean isTarget(Map<String, ?> properties) {
        return target.storage.isNamedBy(properties);
    }

    boolean hasEnded() {
        return ended.isDone();
    }

    @Override
    public String vm() {
        return vm;
    }

    @Override
    public String disk() {
        return disk;
    }

    @Override
    public String from() {
        return from;
    }

    @Override
    public String to() {
        return to;
    }

    @Override
    public State state() {
        return state.get();
    }

    @Override
    public String detail() {
        return detail;
    }

    @Override
    public long copied() {
        return mirror.copied();
    }

    @Override
    public long total() {
        return mirror.size();
    }

    @Override
    public boolean cancel() {
        if (!state.compareAndSet(State.COPYING, State.CANCELLED)) {
            return false;
        }
        detail = "cancelled; the disk stays on " + from;
        return true;
    }

    @Override
    public CompletionStage<StorageMove> ended() {
        return ended.copy();
    }
}
