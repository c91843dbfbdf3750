package org.vm.backend.block.internal;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.vm.api.ConfigurationException;
import org.vm.api.backend.AdjustableBackend;
import org.vm.api.backend.BlockBackend;
import org.vm.api.backend.StorageMove;

/**
 * What a disk has in place of its storage, so that there can be other storage behind it while requests come. It forwards, and
 * counts those under way.
 */
final class MovableStorage implements AdjustableBackend {
    private final Consumer<MovableStorage> closed;
    private volatile Opened current;
    private volatile Way way;
    /** The way before; requests may still be on it. */
    private Way before;
    /** The latest one. */
    private volatile Move move;
    private int users = 1;

    /** @param closed told when it is closed */
    MovableStorage(Opened opened, Consumer<MovableStorage> closed) {
        this.current = opened;
        this.closed = closed;
        way = new Way(opened.storage());
    }

    /** Somebody else has it, too, and will close it. @return false if it is closed already */
    synchronized boolean share() {
        if (users > 0) {
            users++;
        }
        return users > 0;
    }

    Opened current() {
        return current;
    }

    /** Begins to move. @throws ConfigurationException if it is being moved */
    synchronized StorageMove move(String vm, String disk, Move.Target target, Move.Configuration configuration) {
        requireStill(disk);
        move = new Move(vm, disk, this, current, target, configuration);
        move.start();
        return move;
    }

    synchronized void requireStill(String disk) {
        Move now = move;
        if (now != null && !now.hasEnded()) {
            throw new ConfigurationException("disk '" + disk + "' is on its way to " + now.to()
                    + " already; let that end, or cancel it");
        }
    }

    /** Sends requests to other storage; returns when none is on its way to the former. */
    void redirect(BlockBackend next) throws InterruptedException {
        send(next);
        drained();
    }

    /** Sends requests to what is the disk's storage from now on; those under way come to their end. */
    synchronized void settle(Opened storage) {
        current = storage;
        send(storage.storage());
    }

    private synchronized void send(BlockBackend next) {
        if (way.storage != next) {
            before = way;
            way = new Way(next);
        }
    }

    /** Returns when no request is on the former way. */
    void drained() throws InterruptedException {
        Way former;
        synchronized (this) {
            former = before;
            before = null;
        }
        if (former != null) {
            former.drain();
        }
    }

    private Way enter() {
        while (true) {
            Way now = way;
            if (now.enter()) {
                return now;
            }
        }
    }

    @Override
    public String description() {
        Move now = move;
        String where = current.storage().description();
        return now == null || now.hasEnded() ? where : where + ", moving to " + now.to();
    }

    @Override
    public long size() {
        return way.storage.size();
    }

    @Override
    public boolean readOnly() {
        return current.storage().readOnly();
    }

    @Override
    public boolean adjust(Map<String, ?> properties) throws IOException {
        Move now = move;
        boolean moves = now != null && !now.hasEnded();
        if (moves && now.state() != StorageMove.State.COPYING && now.isTarget(properties)) {
            if (!now.switchOver()) {
                throw new ConfigurationException("the disk is not on " + now.to() + ": " + now.detail());
            }
            return true;
        }
        Opened here = current;
        if (!(here.storage() instanceof AdjustableBackend adjustable) || !adjustable.adjust(properties)) {
            return false;
        }
        synchronized (this) {
            if (current.storage() == here.storage()) {
                current = Opened.of(here.storage(), properties);
            }
        }
        if (moves) {
            now.grown();
        }
        return true;
    }

    @Override
    public void read(long offset, List<MemorySegment> into) throws IOException {
        Way taken = enter();
        try {
            taken.storage.read(offset, into);
        } finally {
            taken.leave();
        }
    }

    @Override
    public void write(long offset, List<MemorySegment> from) throws IOException {
        Way taken = enter();
        try {
            taken.storage.write(offset, from);
        } finally {
            taken.leave();
        }
    }

    @Override
    public void flush() throws IOException {
        Way taken = enter();
        try {
            taken.storage.flush();
        } finally {
            taken.leave();
        }
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        Way taken = enter();
        try {
            taken.storage.discard(offset, length);
        } finally {
            taken.leave();
        }
    }

    @Override
    public void writeZeroes(long offset, long length, boolean unmap) throws IOException {
        Way taken = enter();
        try {
            taken.storage.writeZeroes(offset, length, unmap);
        } finally {
            taken.leave();
        }
    }

    /** The last one to close it is who does. */
    @Override
    public void close() throws IOException {
        synchronized (this) {
            if (--users > 0) {
                return;
            }
        }
        try {
            Move now = move;
            if (now != null) {
                now.diskLeaves();
            }
        } finally {
            closed.accept(this);
            current.storage().close();
        }
    }
}
