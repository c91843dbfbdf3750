package org.vm.engine.jit.internal;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;

/** What is known of each row of an instruction set: its body, and how much bytecode it takes. Any thread. */
final class Rows {
    private static final int ACCESS = 66;
    private static final int CALL = 16;
    private static final int OPERAND = 3;
    private static final int JUMP = 30;

    private final Map<Row, Optional<RowBody>> bodies = new ConcurrentHashMap<>();

    /** Registers that calls leave return addresses in, as far as has been seen. */
    private final Set<Integer> links = ConcurrentHashMap.newKeySet();

    void links(int slot) {
        links.add(slot);
    }

    boolean isLink(int slot) {
        return links.contains(slot);
    }

    /** The body to copy, or {@code null} if the method has to be called. */
    RowBody body(Row row) {
        Optional<RowBody> known = bodies.get(row);
        if (known == null) {
            known = bodies.computeIfAbsent(row, r -> Optional.ofNullable(RowBody.of(r.method())));
        }
        return known.orElse(null);
    }

    /** Estimated bytes of bytecode. */
    int size(Row row) {
        int size = OPERAND * (1 + row.operands().size());
        RowBody body = body(row);
        if (body == null) {
            size += CALL;
        } else {
            size += body.elements.size() + (body.access != null ? ACCESS : 0);
        }
        return size + (row.result() instanceof Result.Branch || row.result() instanceof Result.Jump ? JUMP : 0);
    }
}
