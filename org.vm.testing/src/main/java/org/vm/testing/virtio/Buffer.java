package org.vm.testing.virtio;

/** A buffer that a driver offers, at a guest-physical address. */
public record Buffer(long address, long length, boolean deviceWrites) {
    public static Buffer toDevice(long address, long length) {
        return new Buffer(address, length, false);
    }

    public static Buffer fromDevice(long address, long length) {
        return new Buffer(address, length, true);
    }
}
