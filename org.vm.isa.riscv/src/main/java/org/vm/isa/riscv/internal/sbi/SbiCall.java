package org.vm.isa.riscv.internal.sbi;

import java.util.List;
import java.util.stream.LongStream;
import org.vm.isa.riscv.internal.Hart;

/** The arguments of a call, where the caller left them. */
record SbiCall(Hart caller) {
    /** Argument {@code n}: register a{@code n}. */
    long argument(int n) {
        return caller.registers[Hart.A0 + n];
    }

    /** The hart with this number, or {@code null}. */
    Hart hart(long id) {
        List<?> harts = caller.platform.cpus();
        return id >= 0 && id < harts.size() ? (Hart) harts.get((int) id) : null;
    }

    /**
     * The harts that a mask names (SBI 2.0, 3.2).
     *
     * @return {@code null} if one of them does not exist
     */
    List<Hart> harts(long mask, long base) {
        if (base == -1) {
            return caller.platform.cpus().stream().map(cpu -> (Hart) cpu).toList();
        }
        long present = caller.platform.cpus().size();
        long highest = Long.SIZE - Long.numberOfLeadingZeros(mask);
        if (base < 0 || base > present || base + highest > present) {
            return null;
        }
        return LongStream.range(0, highest).filter(bit -> (mask >> bit & 1) != 0)
                .mapToObj(bit -> hart(base + bit)).toList();
    }
}
