package org.vm.testing.virtio;

/** Requests to a block device (VirtIO 1.2, section 5.2.6). */
final class BlkDriver {
    static final int IN = 0;
    static final int OUT = 1;
    static final int FLUSH = 4;
    static final int GET_ID = 8;
    static final int DISCARD = 11;
    static final int WRITE_ZEROES = 13;

    static final int OK = 0;
    static final int IOERR = 1;
    static final int UNSUPP = 2;
    /** What status bytes are before the device writes them. */
    static final int UNTOUCHED = 0xEE;

    private final FakeDriver driver;

    BlkDriver(FakeDriver driver) {
        this.driver = driver;
    }

    record Answer(int status, long used) {}

    long header(int type, long sector) {
        long at = driver.allocate(16);
        driver.put32(at, type);
        driver.put64(at + 8, sector);
        return at;
    }

    long status() {
        long at = driver.allocate(1);
        driver.put8(at, UNTOUCHED);
        return at;
    }

    /** Sends a request and waits for its answer. */
    Answer request(int type, long sector, Buffer... data) {
        Buffer[] buffers = new Buffer[data.length + 2];
        buffers[0] = Buffer.toDevice(header(type, sector), 16);
        System.arraycopy(data, 0, buffers, 1, data.length);
        long status = status();
        buffers[data.length + 1] = Buffer.fromDevice(status, 1);
        DriverQueue queue = driver.queue(0);
        queue.add(buffers);
        long used = driver.complete(queue).written();
        return new Answer(driver.get8(status), used);
    }

    int write(long sector, byte[] data) {
        return request(OUT, sector, Buffer.toDevice(driver.place(data), data.length)).status();
    }

    byte[] read(long sector, int length) {
        long at = driver.allocate(length);
        Answer answer = request(IN, sector, Buffer.fromDevice(at, length));
        if (answer.status() != OK || answer.used() != length + 1) {
            throw new AssertionError("reading sector " + sector + ": " + answer);
        }
        return driver.get(at, length);
    }

    /** Segments of a discard or write-zeroes request: sector, count, flags, and so on. */
    Buffer ranges(long... values) {
        long at = driver.allocate(16L * (values.length / 3));
        for (int i = 0; i < values.length / 3; i++) {
            driver.put64(at + 16L * i, values[3 * i]);
            driver.put32(at + 16L * i + 8, (int) values[3 * i + 1]);
            driver.put32(at + 16L * i + 12, (int) values[3 * i + 2]);
        }
        return Buffer.toDevice(at, 16L * (values.length / 3));
    }
}
