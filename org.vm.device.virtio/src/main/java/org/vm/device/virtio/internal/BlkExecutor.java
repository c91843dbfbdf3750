package org.vm.device.virtio.internal;

import static org.vm.device.virtio.internal.BlkRequest.S_OK;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.vm.api.backend.BlockBackend;
import org.vm.device.virtio.internal.BlkRequest.Discard;
import org.vm.device.virtio.internal.BlkRequest.Flush;
import org.vm.device.virtio.internal.BlkRequest.GetId;
import org.vm.device.virtio.internal.BlkRequest.Range;
import org.vm.device.virtio.internal.BlkRequest.Read;
import org.vm.device.virtio.internal.BlkRequest.Rejected;
import org.vm.device.virtio.internal.BlkRequest.Write;
import org.vm.device.virtio.internal.BlkRequest.WriteZeroes;

/** Does what checked block requests say. Any thread. */
final class BlkExecutor {
    /** Bytes of the answer to GET_ID (VirtIO 1.2, section 5.2.6). */
    static final int ID_BYTES = 20;

    private final BlockBackend backend;
    private final byte[] id;

    BlkExecutor(BlockBackend backend, String serial) {
        this.backend = backend;
        this.id = Arrays.copyOf(serial.getBytes(StandardCharsets.US_ASCII), ID_BYTES);
    }

    /** What a request came to: its status, and the bytes of data written into its buffers. */
    record Outcome(int status, long written) {
        private static final Outcome OK = new Outcome(S_OK, 0);
    }

    /** @param writeThrough whether written data must be durable before the request completes */
    Outcome execute(BlkRequest request, boolean writeThrough) throws IOException {
        switch (request) {
            case Read read -> {
                backend.read(read.offset(), read.into());
                return new Outcome(S_OK, read.length());
            }
            case GetId getId -> {
                // The last writable byte is the status.
                int length = (int) Math.min(ID_BYTES, getId.into().size() - 1);
                return new Outcome(S_OK, getId.into().put(length == ID_BYTES ? id : Arrays.copyOf(id, length)));
            }
            case Rejected rejected -> {
                return new Outcome(rejected.status(), 0);
            }
            case Flush flush -> {
                backend.flush();
                return Outcome.OK;
            }
            case Write write -> backend.write(write.offset(), write.from());
            case Discard discard -> {
                for (Range range : discard.ranges()) {
                    backend.discard(range.offset(), range.length());
                }
            }
            case WriteZeroes zeroes -> {
                for (Range range : zeroes.ranges()) {
                    backend.writeZeroes(range.offset(), range.length(), range.unmap());
                }
            }
        }
        if (writeThrough) {
            backend.flush();
        }
        return Outcome.OK;
    }
}
