package org.vm.isa.riscv.internal.sbi;

import org.vm.api.mmu.MemoryFault;
import org.vm.isa.riscv.internal.Hart;

/** DBCN (SBI 2.0, chapter 12): bytes to and from the firmware's console, some at a time. */
final class DebugConsoleExtension implements SbiExtension {
    /** A call may move fewer bytes than it was asked for. */
    private static final long AT_MOST = 4096;

    @Override
    public int id() {
        return 0x4442434E;
    }

    @Override
    public SbiResult call(Hart hart, int function, SbiCall call) {
        long bytes = Long.compareUnsigned(call.argument(0), AT_MOST) < 0 ? call.argument(0) : AT_MOST;
        long address = call.argument(1);
        boolean beyond = call.argument(2) != 0;
        return switch (function) {
            case 0 -> beyond ? SbiResult.INVALID_PARAM : write(hart, address, bytes);
            case 1 -> beyond ? SbiResult.INVALID_PARAM : read(hart, address, bytes);
            case 2 -> {
                hart.platform.debugWrite((byte) call.argument(0));
                yield SbiResult.SUCCESS;
            }
            default -> SbiResult.NOT_SUPPORTED;
        };
    }

    private static SbiResult write(Hart hart, long address, long bytes) {
        return hart.status.asMachine(() -> {
            try {
                for (long i = 0; i < bytes; i++) {
                    hart.platform.debugWrite(hart.mmu.load8(address + i));
                }
                return SbiResult.of(bytes);
            } catch (MemoryFault noMemory) {
                return SbiResult.INVALID_PARAM;
            }
        });
    }

    private static SbiResult read(Hart hart, long address, long bytes) {
        return hart.status.asMachine(() -> {
            try {
                hart.mmu.probeStore(address, 1);
                long count = 0;
                for (int next; count < bytes && (next = hart.platform.debugRead()) >= 0; count++) {
                    hart.mmu.store8(address + count, (byte) next);
                }
                return SbiResult.of(count);
            } catch (MemoryFault noMemory) {
                return SbiResult.INVALID_PARAM;
            }
        });
    }
}
