package org.vm.engine.interp.internal;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Row;

/** Makes operations, and the classes for them; shared by all CPUs of an instruction set. Any thread. */
final class OpFactory {
    private final GeneratedClasses classes;
    private final Map<Row, Op> singles = new ConcurrentHashMap<>();
    private final Map<Shape, Op> fused = new ConcurrentHashMap<>();
    private final AtomicInteger fusedClasses = new AtomicInteger();
    private final int maxFusedClasses;

    OpFactory(int maxFusedClasses, int registerSlots) {
        classes = new GeneratedClasses(OpFactory.class.getClassLoader(), registerSlots);
        this.maxFusedClasses = maxFusedClasses;
    }

    /** The operation of one row. */
    Op single(DecodedRow decoded, long pc) {
        Op prototype = singles.get(decoded.row());
        if (prototype == null) {
            prototype = singles.computeIfAbsent(decoded.row(), row -> classes.prototype(Shape.single(row)));
        }
        return prototype.create(Shape.slots(decoded), Shape.values(decoded, pc));
    }

    /**
     * One operation for several rows.
     *
     * @param falls whether it ends its block without a branch
     * @return {@code null} if there are as many classes of fused operations as there may be
     */
    Op fused(List<DecodedRow> rows, long[] pcs, boolean falls) {
        Shape.Instance instance = Shape.fused(rows, pcs, falls);
        Op prototype = fused.get(instance.shape());
        if (prototype == null) {
            if (fusedClasses.get() >= maxFusedClasses) {
                return null;
            }
            prototype = fused.computeIfAbsent(instance.shape(), shape -> {
                fusedClasses.incrementAndGet();
                return classes.prototype(shape);
            });
        }
        return prototype.create(instance.slots(), instance.values());
    }
}
