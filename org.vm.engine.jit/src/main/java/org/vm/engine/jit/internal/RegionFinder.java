package org.vm.engine.jit.internal;

import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.LongPredicate;
import org.vm.api.cpu.CodeProfile;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.isa.CodeReader;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Decoder;
import org.vm.api.isa.Operand;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;
import org.vm.isa.CodeRecorder;

/**
 * Finds the region around a hot block: follows jumps, and calls into the functions that they call, the most often
 * entered code first, until the region is as large as a method may be. Where a calculated jump goes is known from the
 * profile, and where a return goes from the call that the code is found through.
 */
final class RegionFinder {
    private static final long PAGE_MASK = -4096;
    private static final int MAX_ROWS = 60;
    private static final int MAX_DEPTH = 8;
    /** How often a function may be found within itself. */
    private static final int MAX_RECURSION = 2;
    /** Code that ran less often than the hot block by this factor is not translated with it. */
    private static final int COLD = 32;
    /** Estimated bytecode of a region; less than HotSpot compiles in one method. */
    static final int LIMIT = 5500;
    /**
     * The same of one that has a jump to many places, and what is in the same function: a guest's interpreter, which goes from each
     * place to any other, and would have to leave most of its regions after a few instructions.
     */
    private static final int DISPATCH_LIMIT = Compiler.LARGEST * 7 / 10;

    private record Key(long pc, Node.Call call) {}

    private record Pending(Node.Edge edge, Node.Call call, long entries, int order) {}

    private final Cpu cpu;
    private final CodeProfile profile;
    private final Decoder decoder;
    private final Rows instructions;
    private final CodeReader memory;
    private final Map<Key, Node> nodes = new LinkedHashMap<>();
    private final Map<Long, Long> pages = new LinkedHashMap<>();
    private final List<Region.Run> code = new ArrayList<>();
    /** Where calls return to, from wherever they lead. */
    private final List<Node.Edge> returns = new ArrayList<>();
    private final PriorityQueue<Pending> pending = new PriorityQueue<>((a, b) -> a.entries != b.entries
            ? Long.compare(b.entries, a.entries) : Integer.compare(a.order, b.order));
    private final List<Pending> all = new ArrayList<>();
    private final List<Node> unknownReturns = new ArrayList<>();
    private final LongPredicate isLoop;
    private final boolean movable;
    private long start;
    private int size;
    /** Whether a jump to many places was found outside of calls. */
    private boolean dispatches;

    /**
     * @param isLoop  whether a loop begins at a place that is a region of its own
     * @param movable whether the region is to run at other addresses, too
     */
    RegionFinder(Cpu cpu, CodeProfile profile, Rows rows, LongPredicate isLoop, boolean movable) {
        this.cpu = cpu;
        this.profile = profile;
        this.isLoop = isLoop;
        this.movable = movable;
        this.instructions = rows;
        this.decoder = cpu.instructionSet().decoder(cpu.context());
        this.memory = cpu.mmu::fetch16;
    }

    /**
     * The region around the block at {@code pc}. If that is in a loop that is a region of its own, the region begins where that
     * loop does.
     *
     * @param limit bytecode that it may take, as estimated
     * @param whole whether a loop around {@code pc} is to begin where it is entered, and not here
     * @return {@code null} if its first instruction is not one to translate
     */
    Region find(long pc, long physical, int limit, boolean whole) {
        collect(pc, limit);
        Node first = nodes.get(new Key(pc, null));
        if (first == null) {
            return null;
        }
        LoopNest.Part part = new LoopNest(nodes.values(), profile, isLoop).around(first,
                returns.stream().map(edge -> edge.node).filter(Objects::nonNull).distinct().toList());
        if (part.header() == null || part.header() == first || !whole) {
            return region(pc, physical, part);
        }
        long header = part.header().pc;
        return new RegionFinder(cpu, profile, instructions, isLoop, movable)
                .find(header, pages.get(Region.page(header)) | header & ~PAGE_MASK, limit, false);
    }

    /** Finds the nodes and where they lead; the first one is the one at {@code pc}. */
    private void collect(long pc, int limit) {
        start = pc;
        long hot = Math.max(profile.entries(pc), 1);
        long cold = Math.max(hot / COLD, 2);
        want(pc, null);
        while (!pending.isEmpty() && size < (dispatches ? DISPATCH_LIMIT : limit)) {
            Pending next = pending.poll();
            if (size >= limit && next.call != null) {
                continue;
            }
            Key key = new Key(next.edge.pc, next.call);
            Node node = nodes.get(key);
            if (node == null && (nodes.isEmpty() || next.entries >= cold)) {
                node = node(next.edge.pc, next.call, next.entries);
                if (node != null) {
                    nodes.put(key, node);
                    end(node);
                }
            }
            next.edge.node = node;
        }
        for (Pending left : all) {
            if (left.edge.node == null) {
                left.edge.node = nodes.get(new Key(left.edge.pc, left.call));
            }
        }
        linkReturns();
    }

    private Region region(long pc, long physical, LoopNest.Part part) {
        Set<Node> kept = part.nodes();
        Map<Long, Node> entries = new LinkedHashMap<>();
        entries.put(pc, nodes.get(new Key(pc, null)));
        part.entries().stream().filter(node -> isNear(pc, node.pc)).forEach(node -> entries.putIfAbsent(node.pc, node));
        Set<Long> begins = new HashSet<>();
        for (Node node : kept) {
            begins.add(node.pc);
            node.ending.edges().forEach(edge -> edge.node = kept.contains(edge.node) ? edge.node : null);
            if (node.ending instanceof Node.End.Calculated c && c.targets().size() > RegionWriter.COMPARED_TARGETS) {
                for (Node.Edge edge : c.targets()) {
                    if (edge.node != null && isNear(pc, edge.pc)) {
                        entries.putIfAbsent(edge.pc, edge.node);
                    }
                }
            }
        }
        List<Node> ordered = nodes.values().stream().filter(kept::contains).toList();
        code.removeIf(run -> !begins.contains(run.pc()));
        pages.keySet().retainAll(begins.stream().map(Region::page).toList());
        return new Region(pc, physical, cpu.context(), ordered, entries, pages, code, part.header() != null,
                movable);
    }

    /** The dispatch knows addresses by 32 bits of their distance; what is further away does not move along with a program. */
    private static boolean isNear(long pc, long other) {
        return (int) (other - pc) == other - pc;
    }

    private Node.Edge want(long pc, Node.Call call) {
        Node.Edge edge = new Node.Edge(pc);
        if (movable && !isNear(start, pc)) {
            return edge;
        }
        Pending wanted = new Pending(edge, call, profile.entries(pc), all.size());
        all.add(wanted);
        pending.add(wanted);
        return edge;
    }

    /** Decodes a node; {@code null} if there is nothing in it to translate. */
    private Node node(long pc, Node.Call call, long entries) {
        if (!see(pc)) {
            return null;
        }
        List<DecodedRow> rows = new ArrayList<>();
        List<Long> pcs = new ArrayList<>();
        CodeRecorder recorder = new CodeRecorder(memory, pc);
        long at = pc;
        long limit = (pc & PAGE_MASK) - PAGE_MASK;
        boolean open = true;
        while (open && rows.size() < MAX_ROWS && at < limit && (rows.isEmpty() || !nodes.containsKey(new Key(at, call)))) {
            List<DecodedRow> decoded;
            try {
                decoded = decoder.decode(recorder, at);
            } catch (GuestTrap straddlesIntoNothing) {
                break;
            }
            int length = decoded.getLast().length();
            boolean stops = decoded.stream().anyMatch(row -> row.row().stops());
            if (at + length > limit || stops && !(rows.isEmpty() && isCallable(decoded))) {
                break;
            }
            for (DecodedRow row : decoded) {
                rows.add(row);
                pcs.add(at);
                size += instructions.size(row.row());
                open &= !row.row().endsBlock();
            }
            at += length;
        }
        if (rows.isEmpty()) {
            return null;
        }
        code.add(new Region.Run(pc, recorder.parcels(at)));
        return new Node(pc, call, rows, pcs.stream().mapToLong(Long::longValue).toArray(), at, entries);
    }

    private boolean see(long pc) {
        long page = Region.page(pc);
        if (pages.containsKey(page)) {
            return true;
        }
        try {
            pages.put(page, cpu.mmu.translateFetch(page));
            return true;
        } catch (GuestTrap notMapped) {
            return false;
        }
    }

    /** Whether a stop can be a node of its own: it goes on behind itself, unless it changes what the region depends on. */
    private static boolean isCallable(List<DecodedRow> decoded) {
        DecodedRow row = decoded.getFirst();
        return decoded.size() == 1 && row.length() > 0
                && (row.row().result() instanceof Result.None || row.row().result() instanceof Result.Write);
    }

    private void end(Node node) {
        DecodedRow last = node.rows.getLast();
        long at = node.pcs[node.pcs.length - 1];
        node.ending = switch (last.row().result()) {
            case Result.Branch _ -> new Node.End.Branch(want(at + last.displacement(), node.call), want(node.end, node.call));
            case Result.Jump jump -> jump(node, last, jump);
            default -> new Node.End.Goto(want(node.end, node.call));
        };
    }

    private Node.End jump(Node node, DecodedRow row, Result.Jump jump) {
        boolean links = jump.file() != null && row.destination() >= 0 && row.destination() != jump.file().sink();
        if (links && node.call == null) {
            returns.add(want(node.end, null));
        }
        Long known = knownTarget(node);
        if (known != null) {
            Node.Edge edge = links ? wantCall(node, row, known) : want(known, node.call);
            // Whether the place moves along with the jump is seen when it is executed; HotSpot may tell before.
            return movable ? new Node.End.Calculated(List.of(edge)) : new Node.End.Jump(edge);
        }
        int register = register(row);
        if (!links && node.call != null && register == node.call.linkSlot()) {
            return new Node.End.Calculated(List.of(want(node.call.returnPc(), node.call.caller())));
        }
        List<Node.Edge> targets = new ArrayList<>();
        if (!links && node.call == null && instructions.isLink(register)) {
            unknownReturns.add(node);
        } else {
            for (long target : profile.targets(node.pc)) {
                targets.add(links ? wantCall(node, row, target) : want(target, node.call));
            }
            dispatches |= !links && node.call == null && targets.size() > RegionWriter.COMPARED_TARGETS;
        }
        return new Node.End.Calculated(targets);
    }

    private Node.Edge wantCall(Node node, DecodedRow row, long function) {
        instructions.links(row.destination());
        Node.Call caller = node.call;
        int depth = caller == null ? 1 : caller.depth() + 1;
        int recursion = function == start ? 1 : 0;
        for (Node.Call call = caller; call != null; call = call.caller()) {
            recursion += call.function() == function ? 1 : 0;
        }
        if (recursion >= MAX_RECURSION && function == start) {
            // Deeper calls go round in the region.
            return want(function, null);
        }
        if (depth > MAX_DEPTH || recursion >= MAX_RECURSION) {
            return new Node.Edge(function);
        }
        return want(function, new Node.Call(caller, function, node.end, row.destination(), depth));
    }

    /** Returns of the outermost function go to wherever its callers are in the region. */
    private void linkReturns() {
        Map<Long, Node> byPc = new HashMap<>();
        for (Node node : nodes.values()) {
            if (node.call == null || !byPc.containsKey(node.pc)) {
                byPc.put(node.pc, node);
            }
        }
        for (Node node : unknownReturns) {
            List<Node.Edge> targets = new ArrayList<>();
            for (long target : profile.targets(node.pc)) {
                Node to = byPc.get(target);
                if (to != null) {
                    Node.Edge edge = new Node.Edge(target);
                    edge.node = to;
                    targets.add(edge);
                }
            }
            node.ending = new Node.End.Calculated(targets);
        }
    }

    private static int register(DecodedRow row) {
        for (int i = 0; i < row.values().length; i++) {
            if (row.row().operands().get(i) instanceof Operand.Register) {
                return (int) row.values()[i];
            }
        }
        return -1;
    }

    /** Target of the jump that ends a node, if the node's own constants tell it. */
    private Long knownTarget(Node node) {
        Map<Integer, Object> constants = new HashMap<>();
        Object value = null;
        for (int i = 0; i < node.rows.size(); i++) {
            DecodedRow row = node.rows.get(i);
            value = evaluate(row, node.pcs[i], constants);
            if (row.destination() >= 0 && row.row().result() instanceof Result.Write) {
                if (value == null) {
                    constants.remove(row.destination());
                } else {
                    constants.put(row.destination(), value);
                }
            }
        }
        return value instanceof Long target ? target : null;
    }

    /** What a row returns, if all it depends on is known. */
    private static Object evaluate(DecodedRow decoded, long pc, Map<Integer, Object> constants) {
        Row row = decoded.row();
        if (row.mayTrap()) {
            return null;
        }
        Class<?>[] types = row.method().getParameterTypes();
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            long value;
            switch (row.operands().get(i)) {
                case Operand.Immediate _ -> value = decoded.values()[i];
                case Operand.Pc _ -> value = pc;
                case Operand.Length _ -> value = decoded.length();
                case Operand.Bits _ -> value = decoded.bits() & 0xFFFF_FFFFL;
                case Operand.Register register -> {
                    RegisterFile file = register.file();
                    int slot = (int) decoded.values()[i];
                    if (file.zero() >= 0 && slot == file.source(file.zero())) {
                        value = 0;
                    } else if (constants.get(slot) instanceof Long known) {
                        value = known;
                    } else {
                        return null;
                    }
                }
                case Operand.State _, Operand.Memory _ -> {
                    return null;
                }
            }
            if (types[i] == double.class) {
                return null;
            }
            arguments[i] = types[i] == int.class ? (Object) (int) value : (Object) value;
        }
        if (row.result() instanceof Result.None) {
            return null;
        }
        try {
            return row.method().invoke(null, arguments);
        } catch (IllegalAccessException | InvocationTargetException e) {
            return null;
        }
    }
}
