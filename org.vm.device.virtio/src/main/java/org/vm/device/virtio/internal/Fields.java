package org.vm.device.virtio.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.vm.api.DeviceException;
import org.vm.api.state.DeviceState;

/** What reading and writing states takes: numbers of 64 bits as a field, little-endian, one after the other. */
final class Fields {
    private Fields() {}

    /** @throws DeviceException if the state is another kind of device's */
    static void require(DeviceState state, String kind, String device) {
        if (!state.kind().equals(kind)) {
            throw new DeviceException("device '" + device + "' cannot take over the state of '" + state.kind() + "', only that of '"
                    + kind + "'");
        }
    }

    static byte[] of(long... words) {
        ByteBuffer bytes = ByteBuffer.allocate(words.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(words);
        return bytes.array();
    }

    /** Bytes at the end that make no whole word are left out. */
    static long[] read(byte[] bytes) {
        long[] words = new long[bytes.length / Long.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(words);
        return words;
    }
}
