package org.vm.testing.pci;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.vm.device.pci.internal.PciHost;
import org.vm.testing.virtio.FakeBoard;
import org.vm.testing.virtio.PlainMemory;

/** What tests of a DMA engine have: memory, a host bridge, and the registers of the engine that they put there, at 00:1e. */
abstract class DmaDriver {
    static final Duration SOON = Duration.ofSeconds(20);
    static final String PLACE = "00:1e";
    static final long REGISTERS = 0x4000_0000L;
    static final long LIST_AT = PlainMemory.RAM + (3 << 20);

    // CONTROL
    static final int START = 1;
    static final int STOP = 2;
    static final int INTERRUPT = 4;
    static final int RELOAD = 8;
    static final int TO_DEVICE = 16;
    static final int LIST = 32;

    // STATUS
    static final int BUSY = 1;
    static final int DONE = 2;
    static final int ERROR = 4;

    /** Where its configuration space begins. */
    static final int DEVICE = 0x1e << 15;

    final PlainMemory memory = new PlainMemory(4 << 20);
    final FakeBoard board = new FakeBoard(memory);
    final PciHost host = new PciHost("pci");

    DmaDriver() {
        host.attach(board);
    }

    /** With the engine in its place: gives its first BAR an address, and lets it answer and master the bus. */
    void enable() {
        configure(0x10, 4, REGISTERS);
        configure(4, 2, 6);
    }

    /** Writes a register in its configuration space. */
    void configure(int register, int width, long value) {
        host.write(DEVICE + register, width, value);
    }

    long read(long address, int width) {
        var mapping = board.bus().find(address);
        return mapping.device().read(address - mapping.base(), width);
    }

    void write(long address, int width, long value) {
        var mapping = board.bus().find(address);
        mapping.device().write(address - mapping.base(), width, value);
    }

    static long register(int channel, int offset) {
        return REGISTERS + 0x40 * channel + offset;
    }

    void program(int channel, long source, long target, long length, int control) {
        write(register(channel, 0x00), 8, source);
        write(register(channel, 0x08), 8, target);
        write(register(channel, 0x10), 8, length);
        write(register(channel, 0x18), 4, control);
    }

    int status(int channel) {
        return (int) read(register(channel, 0x1c), 4);
    }

    static byte[] noise(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    void put(long address, byte[] bytes) {
        assertTrue(memory.write(address, MemorySegment.ofArray(bytes)));
    }

    byte[] get(long address, int length) {
        return memory.slice(address, length).toArray(ValueLayout.JAVA_BYTE);
    }

    @AfterEach
    void close() {
        host.detach();
        assertTrue(board.awaitQuiet(SOON));
        assertNull(board.escaped());
        memory.close();
    }
}
