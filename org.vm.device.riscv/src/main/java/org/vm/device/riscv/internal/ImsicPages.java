package org.vm.device.riscv.internal;

import java.util.Arrays;
import org.vm.api.irq.MessageSink;

/**
 * The interrupt files of all harts at one level, as they are in the address map (AIA 1.0, 3.5 and 3.6): a page each, in
 * which one register takes messages.
 */
final class ImsicPages extends ControllerPart implements MessageSink {
    static final int PAGE_SHIFT = 12;
    private static final int PAGE_MASK = (1 << PAGE_SHIFT) - 1;
    private static final int SETEIPNUM_LE = 0;
    /** As many harts as a machine may have; what is beyond those that it has reads zero. */
    private static final int HARTS = 64;

    private volatile ImsicFile[] files = {};

    ImsicPages(String name) {
        super(name, (long) HARTS << PAGE_SHIFT);
    }

    /** @param now one for each hart */
    void files(ImsicFile[] now) {
        files = now;
    }

    ImsicFile[] files() {
        return files;
    }

    /** Whether some hart wants interrupts from its file. */
    boolean inUse() {
        return Arrays.stream(files).anyMatch(ImsicFile::inUse);
    }

    @Override
    public void message(long offset, int data) {
        ImsicFile[] all = files;
        if (offset >= 0 && offset >>> PAGE_SHIFT < all.length && (offset & PAGE_MASK) == SETEIPNUM_LE) {
            all[(int) (offset >>> PAGE_SHIFT)].message(data);
        }
    }

    @Override
    public void write(long offset, int width, long value) {
        if (width == 4) {
            message(offset, (int) value);
        }
    }

    @Override
    public long read(long offset, int width) {
        return 0;
    }
}
