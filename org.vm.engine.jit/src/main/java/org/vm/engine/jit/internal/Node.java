package org.vm.engine.jit.internal;

import java.util.List;
import org.vm.api.isa.DecodedRow;

/**
 * Straight-line code of a region, up to a jump, the beginning of another node, or an instruction that is not translated.
 * The same code may be in several nodes: a called function has nodes of its own for each place that it is called from.
 */
final class Node {
    /** A function call that the code of a node is in: where it returns to, and which register holds that address. */
    record Call(Call caller, long function, long returnPc, int linkSlot, int depth) {}

    /** One edge to another place. @param node where the code goes on, or {@code null}: it leaves the region */
    static final class Edge {
        final long pc;
        Node node;

        Edge(long pc) {
            this.pc = pc;
        }
    }

    /** How a node ends. */
    sealed interface End {
        /** Goes on at one place. */
        record Goto(Edge next) implements End {}

        /** The last row is a branch. */
        record Branch(Edge taken, Edge next) implements End {}

        /** The last row is a jump to a place that is known. */
        record Jump(Edge target) implements End {}

        /** The last row is a jump to a calculated place, lately to one of these. */
        record Calculated(List<Edge> targets) implements End {}

        default List<Edge> edges() {
            return switch (this) {
                case Goto(Edge next) -> List.of(next);
                case Branch(Edge taken, Edge next) -> List.of(taken, next);
                case Jump(Edge target) -> List.of(target);
                case Calculated(List<Edge> targets) -> targets;
            };
        }
    }

    final long pc;
    /** The innermost call around it; {@code null} in the function that the region is found from. */
    final Call call;
    final List<DecodedRow> rows;
    /** Address of each row. */
    final long[] pcs;
    /** Address behind the last row. */
    final long end;
    /** Times that the interpreter had entered it. */
    final long entries;
    End ending;

    Node(long pc, Call call, List<DecodedRow> rows, long[] pcs, long end, long entries) {
        this.pc = pc;
        this.call = call;
        this.rows = rows;
        this.pcs = pcs;
        this.end = end;
        this.entries = entries;
    }

    /** Instructions retired when row {@code row} begins; rows of length 0 retire nothing. */
    int retiredBefore(int row) {
        int retired = 0;
        for (int i = 0; i < row; i++) {
            if (rows.get(i).length() != 0) {
                retired++;
            }
        }
        return retired;
    }

    int instructions() {
        return retiredBefore(rows.size());
    }
}
