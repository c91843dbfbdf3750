package org.vm.itest;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.osgi.framework.BundleContext;
import org.vm.api.backend.AttachableConsole;

/** The host's end of {@code bench/guest/portload.c}: looks at every byte that comes, and answers each record by one of its own. */
final class PortPeer implements AttachableConsole.Viewer, AutoCloseable {
    private static final int HEADER = 12;
    private static final int MOST = 1000;
    private static final int CRC = 4;
    private static final int GUEST = 1;
    private static final int HOST = 2;

    private final ConsoleClient console;
    private final ByteBuffer found = ByteBuffer.allocate(HEADER + MOST + CRC).order(ByteOrder.LITTLE_ENDIAN);
    private final CompletableFuture<Long> ended = new CompletableFuture<>();
    /** Of the record that comes next; guarded by this. */
    private long number = 1;
    private long bytes;

    PortPeer(BundleContext context, String vm, String name) throws Exception {
        console = new ConsoleClient(context, vm, name, this);
    }

    /** What a side's record is. The last one has no payload. */
    private static ByteBuffer record(int side, long number, boolean last) {
        long random = random(number * 0x9e3779b97f4a7c15L ^ side);
        int length = last ? 0 : 1 + (int) ((random >>> 32) % MOST);
        ByteBuffer record = ByteBuffer.allocate(HEADER + length + CRC).order(ByteOrder.LITTLE_ENDIAN).putLong(number).putInt(length);
        for (int i = 0; i < length; i++) {
            random = random(random);
            record.put((byte) (random >>> 32));
        }
        CRC32 crc = new CRC32();
        crc.update(record.array(), 0, record.position());
        return record.putInt((int) crc.getValue()).flip();
    }

    private static long random(long x) {
        long y = x ^ x << 13;
        y ^= y >>> 7;
        return y ^ y << 17;
    }

    @Override
    public void show(byte[] shown, int offset, int length) throws IOException {
        bytes += length;
        try {
            for (int i = offset; i < offset + length; i++) {
                if (ended.isDone()) {
                    throw new IOException("record %d was the last, and there is more".formatted(number));
                }
                found.put(shown[i]);
                look();
            }
        } catch (IOException | AssertionError e) {
            ended.completeExceptionally(e);
            synchronized (this) {
                notifyAll();
            }
        } catch (InterruptedException e) {
            throw new InterruptedIOException("ended while it answered");
        }
    }

    private void look() throws IOException, InterruptedException {
        if (found.position() < HEADER) {
            return;
        }
        boolean last = found.getInt(8) == 0;
        ByteBuffer expected = record(GUEST, number, last);
        int size = Math.min(found.position(), expected.limit());
        if (found.position() == HEADER || size == expected.limit()) {
            int differs = found.duplicate().flip().mismatch(expected.duplicate().limit(size));
            if (differs >= 0) {
                throw new IOException("byte %d of record %d is not what the guest sends; what came begins with number %d, length %d"
                        .formatted(differs, number, found.getLong(0), found.getInt(8)));
            }
        }
        if (size == expected.limit()) {
            found.clear();
            console.type(record(HOST, number, last));
            synchronized (this) {
                number++;
                notifyAll();
            }
            if (last) {
                ended.complete(number - 1);
            }
        }
    }

    /** Waits until that many records more have come and been answered, or until none will. */
    synchronized void awaitMore(int records, Duration limit) throws InterruptedException {
        long enough = number + records;
        long until = System.nanoTime() + limit.toNanos();
        while (number < enough && !ended.isDone()) {
            long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
            if (left <= 0) {
                throw new AssertionError("record " + number + " does not come");
            }
            wait(left);
        }
    }

    /** Waits for the guest's last record. @return how many there were */
    long records(Duration limit) throws Exception {
        return ended.get(limit.toSeconds(), TimeUnit.SECONDS);
    }

    /** That came from the guest. */
    long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        console.close();
    }
}
