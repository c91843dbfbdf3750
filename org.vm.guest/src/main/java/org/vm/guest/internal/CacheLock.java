package org.vm.guest.internal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.vm.api.VmException;
import org.vm.guest.Progress;

/** One process and thread at a time works in the cache; the others wait, and then find the work done. */
final class CacheLock implements Closeable {
    private static final Duration POLL = Duration.ofMillis(100);

    private final FileChannel channel;

    private CacheLock(FileChannel channel) {
        this.channel = channel;
    }

    static CacheLock acquire(Path cache, Progress progress) {
        try {
            Files.createDirectories(cache);
            FileChannel channel = FileChannel.open(cache.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            while (!tryLock(channel)) {
                progress.report("waiting for another fetch to end", 0, -1);
                LockSupport.parkNanos(POLL.toNanos());
                if (Thread.currentThread().isInterrupted()) {
                    channel.close();
                    throw new VmException("interrupted while another fetch was running");
                }
            }
            return new CacheLock(channel);
        } catch (IOException e) {
            throw new VmException("cannot use the cache folder " + cache + ": " + e.getMessage()
                    + "; name another one with VMM_CACHE", e);
        }
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException heldByThisProcess) {
            return false;
        }
    }

    @Override public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new VmException("cannot release the lock of the cache: " + e.getMessage(), e);
        }
    }
}
