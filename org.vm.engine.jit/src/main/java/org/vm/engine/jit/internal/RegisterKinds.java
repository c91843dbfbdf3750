package org.vm.engine.jit.internal;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Operand;
import org.vm.api.isa.Result;

/**
 * What is known of the numbers in a region's registers where its nodes begin. Compilers keep 32-bit numbers sign-extended in
 * 64-bit registers, and combine them by 64-bit instructions where that makes no difference; HotSpot does not know that they are,
 * so it would have both of each.
 */
final class RegisterKinds {
    private final Rows rows;
    private final boolean movable;
    /** By node, of each register of which something is known. */
    private final Map<Node, Map<Integer, NumberKind>> before = new HashMap<>();

    /**
     * @param entered nodes where anything may be in registers
     * @param movable whether addresses of instructions are not known
     */
    RegisterKinds(Collection<Node> entered, Rows rows, boolean movable) {
        this.rows = rows;
        this.movable = movable;
        Deque<Node> changed = new ArrayDeque<>(entered);
        entered.forEach(node -> before.put(node, Map.of()));
        while (!changed.isEmpty()) {
            Node node = changed.pop();
            Map<Integer, NumberKind> kinds = before(node);
            for (int i = 0; i < node.rows.size(); i++) {
                after(kinds, node, i);
            }
            for (Node.Edge edge : node.ending.edges()) {
                if (edge.node != null && meet(edge.node, kinds)) {
                    changed.add(edge.node);
                }
            }
        }
    }

    private boolean meet(Node node, Map<Integer, NumberKind> arriving) {
        Map<Integer, NumberKind> known = before.get(node);
        if (known == null) {
            before.put(node, new TreeMap<>(arriving));
            return true;
        }
        Map<Integer, NumberKind> both = new TreeMap<>();
        known.forEach((slot, kind) -> set(both, slot, kind.or(arriving.getOrDefault(slot, NumberKind.ANY))));
        return !both.equals(before.put(node, both));
    }

    private static void set(Map<Integer, NumberKind> kinds, int slot, NumberKind kind) {
        if (kind == NumberKind.ANY) {
            kinds.remove(slot);
        } else {
            kinds.put(slot, kind);
        }
    }

    /** Of the registers where a node begins, to be changed by {@link #after}. */
    Map<Integer, NumberKind> before(Node node) {
        return new TreeMap<>(before.getOrDefault(node, Map.of()));
    }

    /** Brings {@code kinds} from before a row of a node to behind it. */
    void after(Map<Integer, NumberKind> kinds, Node node, int at) {
        DecodedRow row = node.rows.get(at);
        if (RegisterLocals.writes(row)) {
            RowBody body = row.row().result() instanceof Result.Write ? rows.body(row.row()) : null;
            set(kinds, row.destination(), body == null ? NumberKind.ANY
                    : NumberKind.result(body, parameter -> operand(kinds, node, at, parameter)));
        }
    }

    /** Of an operand of a row, by the registers before it. Of control registers nothing: what stops may write to them too. */
    NumberKind operand(Map<Integer, NumberKind> kinds, Node node, int at, int parameter) {
        DecodedRow row = node.rows.get(at);
        long value = row.values()[parameter];
        return switch (row.row().operands().get(parameter)) {
            case Operand.Register r when r.file().control() -> NumberKind.ANY;
            case Operand.Register r -> RegisterLocals.isZero((int) value, r.file()) ? NumberKind.ZERO
                    : kinds.getOrDefault((int) value, NumberKind.ANY);
            case Operand.Immediate _ -> NumberKind.of(value);
            case Operand.Pc _ when movable -> NumberKind.ANY;
            case Operand.Pc _ -> NumberKind.of(node.pcs[at]);
            default -> NumberKind.ANY;
        };
    }
}
