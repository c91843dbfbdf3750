package org.vm.guest.internal;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/** The next {@code size} bytes of a stream; the end of the stream before that is an error. Does not close it. */
final class BoundedStream extends InputStream {
    private final InputStream in;
    private long left;

    BoundedStream(InputStream in, long size) {
        this.in = in;
        this.left = size;
    }

    @Override public int read() throws IOException {
        if (left == 0) {
            return -1;
        }
        int b = in.read();
        if (b < 0) {
            throw cut();
        }
        left--;
        return b;
    }

    @Override public int read(byte[] into, int offset, int length) throws IOException {
        if (left == 0) {
            return length == 0 ? 0 : -1;
        }
        int n = in.read(into, offset, (int) Math.min(length, left));
        if (n < 0) {
            throw cut();
        }
        left -= n;
        return n;
    }

    void skipRest() throws IOException {
        in.skipNBytes(left);
        left = 0;
    }

    private EOFException cut() {
        return new EOFException("archive ends " + left + " bytes too early");
    }
}
