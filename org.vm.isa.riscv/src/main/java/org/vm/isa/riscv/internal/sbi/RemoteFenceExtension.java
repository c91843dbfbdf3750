package org.vm.isa.riscv.internal.sbi;

import java.util.List;
import java.util.function.Consumer;
import org.vm.isa.riscv.internal.Hart;

/**
 * RFENCE (SBI 2.0, chapter 8). Other harts do the fence between two of their instructions. The caller does not go on
 * before they have, but it does not block either: it waits as a hart waits, and does meanwhile what others ask of it.
 */
final class RemoteFenceExtension implements SbiExtension {
    private static final long PAGE = 4096;
    /** Ranges of more pages are not worth walking. */
    private static final long MANY = 64;

    @Override
    public int id() {
        return 0x52464E43;
    }

    @Override
    public SbiResult call(Hart hart, int function, SbiCall call) {
        long start = call.argument(2);
        long size = call.argument(3);
        int asid = (int) call.argument(4) & 0xFFFF;
        Consumer<Hart> fence = switch (function) {
            case 0 -> Hart::synchronizeCode;
            case 1 -> target -> drop(target, start, size, true, 0);
            case 2 -> target -> drop(target, start, size, false, asid);
            default -> null;
        };
        if (fence == null) {
            return SbiResult.NOT_SUPPORTED;
        }
        List<Hart> targets = call.harts(call.argument(0), call.argument(1));
        if (targets == null) {
            return SbiResult.INVALID_PARAM;
        }
        for (Hart target : targets) {
            if (target == hart) {
                fence.accept(hart);
            } else if (target.runState() != Hart.RunState.STOPPED) {
                hart.askFor(target, () -> fence.accept(target));
            }
        }
        return SbiResult.SUCCESS;
    }

    private static void drop(Hart target, long start, long size, boolean everySpace, int asid) {
        long pages = Long.divideUnsigned(size - 1, PAGE) + 1;
        if (size == 0 || size == -1 || Long.compareUnsigned(pages, MANY) > 0) {
            target.translation.drop(true, 0, everySpace, asid);
            return;
        }
        long first = start & -PAGE;
        long last = start + size - 1 & -PAGE;
        for (long page = first; page - last <= 0; page += PAGE) {
            target.translation.drop(false, page, everySpace, asid);
        }
    }
}
