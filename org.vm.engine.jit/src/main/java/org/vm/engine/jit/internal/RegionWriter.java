package org.vm.engine.jit.internal;

import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ConvertInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Operand;
import org.vm.api.isa.Result;
import org.vm.api.mmu.Mmu;

/**
 * Writes the class of a region. Guest registers are local variables: loaded where the region is entered, stored where it
 * is left, which is at one place. A load or store compares its address with the page that its base
 * register led to last, then with the TLB, and accesses memory; if it misses, the region is left at that instruction, so
 * that nothing merges back into the fast path. Retired instructions are counted where a node begins, the CPU's
 * attention and the budget are looked at when a jump goes back.
 */
final class RegionWriter {
    /** Calculated jumps with more targets than this go through the dispatch at the method's beginning. */
    static final int COMPARED_TARGETS = 4;

    private static final ClassDesc REGION_CODE = desc(RegionCode.class);
    private static final ClassDesc CPU = desc(Cpu.class);
    private static final ClassDesc MMU = desc(Mmu.class);
    private static final ClassDesc TRAP = desc(GuestTrap.class);
    private static final ClassDesc SEGMENT = desc(MemorySegment.class);
    private static final ClassDesc OBJECTS = desc(Objects.class);
    private static final ClassDesc LONGS = CD_long.arrayType();
    private static final ClassDesc INTS = CD_int.arrayType();
    private static final MethodTypeDesc RUN = MethodTypeDesc.of(CD_int, CPU, LONGS, LONGS, CD_int, CD_int, CD_long);

    /**
     * Logarithm of the instructions after which the CPU's attention is looked at: a few microseconds, and more than are
     * profiled, so that HotSpot takes it for rare.
     */
    private static final int SLICE = 13;

    private static final int THIS = 0;
    private static final int CPU_PARAMETER = 1;
    private static final int REGISTERS = 2;
    private static final int TLB = 3;
    private static final int ENTRY = 4;
    private static final int BUDGET = 5;
    private static final int DISTANCE = 6;

    /** A class to define, and the constants that it has to be given. */
    record Written(byte[] bytes, int codeLength, long[] pcs, int[] unretired, DispatchTable table) {}

    /** Leaving for a place outside of the region. */
    private record Stub(Label label, long pc) {}

    /** Leaving at an instruction, by its number. */
    private record Miss(Label label, int stop) {}

    /** A call that may raise a trap. Only these are guarded: a handler keeps all registers alive where it is. */
    private record Throwing(Label start, Label end) {}

    private final ClassDesc self;
    private final Region region;
    private final Rows rows;
    /** What offsets in memory are cut to, so that HotSpot sees that they are within it; negative if it has no such size. */
    private final long offsetMask;

    private CodeBuilder code;
    private final Map<Node, Label> labels = new HashMap<>();
    private final Set<Node> written = new HashSet<>();
    private final RegisterLocals registers = new RegisterLocals();
    private final RegisterKinds kinds;
    /** What is known of the registers where code is written. */
    private Map<Integer, NumberKind> known = Map.of();
    /** Local variables with the CPU, by what rows see of it. */
    private final Map<Class<?>, Integer> states = new HashMap<>();
    private TlbCode tlb;
    /**
     * What is left of the budget, in one number, so that a loop has one to keep, and nothing to calculate with others that
     * HotSpot would calculate for two loops in common, and at each of their turns. The lower half are the instructions that
     * may run before somebody looks at the CPU's attention, counted down to zero or below; the upper half, with what the
     * lower one borrows, the slices that may run after that.
     */
    private int left;
    private int stop;
    private int target;
    private int index;
    private int trap;
    private int signals;
    private final DispatchTable table;
    private Label dispatch;
    /** Looks up where {@code target} is in the region. */
    private Label find;
    /** Whether anything goes there. */
    private boolean finds;
    /** Leaves the region for {@code target}. */
    private Label exit;
    private final List<Stub> exits = new ArrayList<>();
    private final List<Miss> misses = new ArrayList<>();
    private final List<Throwing> throwing = new ArrayList<>();
    private final List<Long> stopPcs = new ArrayList<>();
    private final List<Integer> stopUnretired = new ArrayList<>();

    private RegionWriter(ClassDesc self, Region region, Rows rows, long offsetMask) {
        this.self = self;
        this.region = region;
        this.rows = rows;
        this.offsetMask = offsetMask;
        table = DispatchTable.of(region.entries());
        kinds = new RegisterKinds(region.entries().values(), rows, region.movable());
    }

    /** The class of a region. */
    static Written write(String name, Region region, Rows rows, long offsetMask) {
        return new RegionWriter(ClassDesc.of(name), region, rows, offsetMask).write();
    }

    private Written write() {
        region.nodes().forEach(node -> node.rows.forEach(registers::note));
        byte[] bytes = ClassFile.of(ClassFile.DebugElementsOption.DROP_DEBUG, ClassFile.LineNumbersOption.DROP_LINE_NUMBERS)
                .build(self, type -> {
                    type.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL | ClassFile.ACC_SYNTHETIC)
                            .withSuperclass(REGION_CODE);
                    type.withField("MEMORY", SEGMENT, ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC | ClassFile.ACC_FINAL);
                    type.withField("TABLE", LONGS, ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC | ClassFile.ACC_FINAL);
                    type.withField("PCS", LONGS, ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC | ClassFile.ACC_FINAL);
                    type.withField("UNRETIRED", INTS, ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC | ClassFile.ACC_FINAL);
                    type.withMethodBody(ConstantDescs.CLASS_INIT_NAME, ConstantDescs.MTD_void, ClassFile.ACC_STATIC,
                            this::initialize);
                    type.withMethodBody(ConstantDescs.INIT_NAME, ConstantDescs.MTD_void, ClassFile.ACC_PUBLIC, c -> c
                            .aload(THIS).invokespecial(REGION_CODE, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void)
                            .return_());
                    type.withMethodBody("run", RUN, ClassFile.ACC_PUBLIC, this::run);
                });
        int codeLength = ClassFile.of().parse(bytes).methods().stream().filter(m -> m.methodName().equalsString("run"))
                .flatMap(m -> m.findAttribute(Attributes.code()).stream()).mapToInt(CodeAttribute::codeLength).sum();
        return new Written(bytes, codeLength, stopPcs.stream().mapToLong(Long::longValue).toArray(),
                stopUnretired.stream().mapToInt(Integer::intValue).toArray(), table);
    }

    /** Memory and arrays are constants of the class, so that HotSpot knows their bounds. */
    private void initialize(CodeBuilder c) {
        constant(c, 0, "MEMORY", SEGMENT);
        constant(c, 1, "TABLE", LONGS);
        constant(c, 2, "PCS", LONGS);
        constant(c, 3, "UNRETIRED", INTS);
        c.return_();
    }

    private void constant(CodeBuilder c, int number, String field, ClassDesc type) {
        ClassDesc lookups = desc(MethodHandles.class);
        ClassDesc lookup = desc(MethodHandles.Lookup.class);
        c.invokestatic(lookups, "lookup", MethodTypeDesc.of(lookup)).loadConstant(ConstantDescs.DEFAULT_NAME)
                .loadConstant(type).loadConstant(number)
                .invokestatic(lookups, "classDataAt", MethodTypeDesc.of(ConstantDescs.CD_Object, lookup,
                        ConstantDescs.CD_String, ConstantDescs.CD_Class, CD_int))
                .checkcast(type).putstatic(self, field, type);
    }

    // The method

    private void run(CodeBuilder builder) {
        code = builder;
        left = code.allocateLocal(TypeKind.LONG);
        stop = code.allocateLocal(TypeKind.INT);
        index = code.allocateLocal(TypeKind.INT);
        target = code.allocateLocal(TypeKind.LONG);
        trap = code.allocateLocal(TypeKind.REFERENCE);
        signals = code.allocateLocal(TypeKind.REFERENCE);
        exit = code.newLabel();
        find = code.newLabel();
        Label real = code.newLabel();
        code.iload(ENTRY).ifge(real).iconst_0().ireturn().labelBinding(real);
        begin();
        dispatch();
        for (Node node : region.nodes()) {
            write(node);
        }
        if (finds) {
            find();
        }
        ways();
    }

    /** Sets all local variables. What is seen to be so here need not be tested again at each use. */
    private void begin() {
        notNull(CPU_PARAMETER);
        notNull(REGISTERS);
        notNull(TLB);
        code.aload(CPU_PARAMETER).getfield(CPU, "signals", LONGS).astore(signals);
        code.aload(signals).loadConstant(Cpu.PROGRESS).laload().pop2();
        code.aload(signals).loadConstant(Cpu.ATTENTION).laload().pop2();
        grant();
        code.iconst_0().istore(stop).iconst_0().istore(index).lconst_0().lstore(target).aconst_null().astore(trap);
        tlb = new TlbCode(code, self, offsetMask, TLB, BUDGET);
        for (Node node : region.nodes()) {
            labels.put(node, code.newLabel());
            for (DecodedRow decoded : node.rows) {
                decoded.row().operands().forEach(this::cast);
                RowBody body = rows.body(decoded.row());
                if (body != null && body.access != null) {
                    tlb.note(decoded, body);
                }
            }
        }
        registers.enter(code, REGISTERS);
    }

    /** The ways out. */
    private void ways() {
        Label leave = code.newLabel();
        for (Stub stub : exits) {
            code.labelBinding(stub.label).loadConstant(stub.pc).lstore(target).goto_(exit);
        }
        code.labelBinding(exit).loadConstant(RegionCode.RAN).istore(index).goto_(leave);
        if (!throwing.isEmpty()) {
            Label handler = code.newLabel();
            for (Throwing range : throwing) {
                code.exceptionCatch(range.start, range.end, handler, TRAP);
            }
            code.labelBinding(handler).astore(trap).loadConstant(RegionCode.TRAPPED).istore(index);
            atStop();
            code.goto_(leave);
        }
        if (!misses.isEmpty()) {
            Label miss = code.newLabel();
            for (Miss m : misses) {
                code.labelBinding(m.label).loadConstant(m.stop).istore(stop).goto_(miss);
            }
            code.labelBinding(miss).loadConstant(RegionCode.INTERPRET).istore(index);
            atStop();
        }
        code.labelBinding(leave);
        leave();
    }

    private static boolean isDispatched(List<Node.Edge> targets) {
        return targets.stream().filter(edge -> edge.node != null).count() > COMPARED_TARGETS;
    }

    /** The CPU as a row wants it. */
    private void cast(Operand operand) {
        if (operand instanceof Operand.State state && !states.containsKey(state.type())) {
            int local = code.allocateLocal(TypeKind.REFERENCE);
            code.aload(CPU_PARAMETER).checkcast(desc(state.type())).astore(local);
            states.put(state.type(), local);
        }
    }

    private void notNull(int local) {
        code.aload(local).invokestatic(OBJECTS, "requireNonNull", MethodTypeDesc.of(ConstantDescs.CD_Object,
                ConstantDescs.CD_Object)).pop();
    }

    private void dispatch() {
        dispatch = code.newBoundLabel();
        if (!table.isEmpty()) {
            toEntry();
        }
    }

    /** Goes on at the entry whose number is in {@code ENTRY}. */
    private void toEntry() {
        List<SwitchCase> cases = new ArrayList<>();
        for (Node node : table.entries()) {
            cases.add(SwitchCase.of(cases.size(), labels.get(node)));
        }
        code.iload(ENTRY).tableswitch(0, cases.size() - 1, exit, cases);
    }

    /**
     * Where calculated jumps go that have many targets. What follows a look at the CPU's attention has a dispatch of its own,
     * and takes registers from the CPU's array: so their values are different ones to HotSpot at each entry. Otherwise it
     * does before the dispatch what any two of the entries begin with, such as finding addresses, and keeps the results.
     */
    private void find() {
        code.labelBinding(find);
        code.lload(target).loadConstant(table.shift()).lushr().l2i().loadConstant(table.mask()).iand()
                .iconst_1().ishl().istore(index);
        code.getstatic(self, "TABLE", LONGS).iload(index).laload().lload(target).lcmp().ifne(exit);
        code.getstatic(self, "TABLE", LONGS).iload(index).iconst_1().iadd().laload().l2i().istore(ENTRY);
        code.lload(left).l2i().ifgt(dispatch);
        code.lload(left).lconst_0().lcmp().ifle(exit);
        registers.leave(code, REGISTERS);
        nextSlice(exit);
        registers.enterAgain(code, REGISTERS);
        toEntry();
    }

    /** Sets {@code target} and {@code left} for leaving at the instruction whose number is in {@code stop}. */
    private void atStop() {
        code.getstatic(self, "PCS", LONGS).iload(stop).laload().lstore(target);
        code.lload(left).getstatic(self, "UNRETIRED", INTS).iload(stop).iaload().i2l().ladd().lstore(left);
    }

    /** An address of the code, which is where it was translated or, if it is movable, at a distance. */
    private void address(long translated) {
        code.loadConstant(translated);
        if (region.movable()) {
            code.lload(DISTANCE).ladd();
        }
    }

    /** Takes {@code target} to or from where the code was translated, which is what all here compares and stores but {@link #leave}. */
    private void move(Opcode operator) {
        if (region.movable()) {
            code.lload(target).lload(DISTANCE).with(OperatorInstruction.of(operator)).lstore(target);
        }
    }

    /** Leaves for {@code target} with the outcome that is in {@code index}. */
    private void leave() {
        // Not the parameter, which would have to be kept until here.
        code.aload(CPU_PARAMETER).getfield(CPU, "registers", LONGS).astore(REGISTERS);
        registers.leave(code, REGISTERS);
        move(Opcode.LADD);
        code.aload(CPU_PARAMETER).lload(target).putfield(CPU, "pc", CD_long);
        giveBack();
        if (!throwing.isEmpty()) {
            Label other = code.newLabel();
            code.iload(index).loadConstant(RegionCode.TRAPPED).if_icmpne(other);
            code.aload(CPU_PARAMETER).aload(trap).lload(target)
                    .invokevirtual(CPU, "deliver", MethodTypeDesc.of(CD_void, TRAP, CD_long));
            code.labelBinding(other);
        }
        code.iload(index).ireturn();
    }

    // Nodes

    private void write(Node node) {
        written.add(node);
        code.labelBinding(labels.get(node));
        known = kinds.before(node);
        int last = node.rows.size() - 1;
        if (node.rows.get(last).row().stops()) {
            stop(node, node.rows.get(last), ((Node.End.Goto) node.ending).next());
            return;
        }
        count(node);
        boolean jumps = node.rows.get(last).row().endsBlock();
        for (int i = 0; i <= last; i++) {
            DecodedRow decoded = node.rows.get(i);
            if (!jumps || i < last) {
                calculate(node, i, decoded);
                registers.write(code, decoded);
                kinds.after(known, node, i);
            }
        }
        DecodedRow row = node.rows.get(last);
        switch (node.ending) {
            case Node.End.Goto(Node.Edge next) -> go(next);
            case Node.End.Branch(Node.Edge taken, Node.Edge next) -> branch(node, last, row, taken, next);
            case Node.End.Jump(Node.Edge to) -> {
                link(node, row);
                go(to);
            }
            case Node.End.Calculated(List<Node.Edge> targets) -> {
                calculate(node, last, row);
                code.lstore(target);
                move(Opcode.LSUB);
                link(node, row);
                calculated(targets);
            }
        }
    }

    /**
     * A row that wants all state in its place, and may change everything: it goes on with other TLBs, or leaves the region
     * when that may not be what has to run now.
     */
    private void stop(Node node, DecodedRow row, Node.Edge next) {
        registers.leave(code, REGISTERS);
        code.aload(CPU_PARAMETER);
        address(node.pc);
        code.putfield(CPU, "pc", CD_long);
        giveBack();
        code.loadConstant((long) -node.instructions()).lstore(left);
        code.aload(CPU_PARAMETER).getfield(CPU, "mmu", MMU).invokeinterface(MMU, "fetchStamp", MethodTypeDesc.of(CD_long))
                .lstore(target);
        code.aload(CPU_PARAMETER).getfield(CPU, "codeEpoch", CD_int).istore(index);
        calculate(node, 0, row);
        registers.reload(code, REGISTERS);
        registers.write(code, row);
        grant();
        count(node);
        code.aload(CPU_PARAMETER).getfield(CPU, "mmu", MMU)
                .invokeinterface(MMU, "translations", MethodTypeDesc.of(LONGS)).astore(TLB);
        notNull(TLB);
        tlb.forgetPages();
        Label leave = newExit(node.end);
        code.aload(CPU_PARAMETER).loadConstant(region.context()).lload(target).iload(index)
                .invokestatic(REGION_CODE, "goesOn", MethodTypeDesc.of(CD_boolean, CPU, CD_int, CD_long, CD_int))
                .ifeq(leave);
        go(next);
    }

    /**
     * At the beginning of a node, and taken back where it is left early: so HotSpot has no use for the number before, and
     * both in one place.
     */
    private void count(Node node) {
        code.lload(left).loadConstant((long) -node.instructions()).ladd().lstore(left);
    }

    private void link(Node node, DecodedRow row) {
        if (row.row().result() instanceof Result.Jump && RegisterLocals.writes(row)) {
            address(node.end);
            registers.writeBits(code, row.destination());
        }
    }

    private void branch(Node node, int at, DecodedRow row, Node.Edge taken, Node.Edge next) {
        RowBody body = rows.body(row.row());
        Label no = code.newLabel();
        BranchInstruction test = body == null || body.access != null ? null : body.finalTest();
        if (test != null) {
            List<CodeElement> elements = body.elements;
            copy(node, at, row, body, elements.subList(0, elements.size() - 7), null);
            code.branch(test.opcode(), no);
        } else {
            calculate(node, at, row);
            code.ifeq(no);
        }
        go(taken);
        code.labelBinding(no);
        go(next);
    }

    /** Continues at an edge's place. */
    private void go(Node.Edge edge) {
        if (edge.node == null) {
            code.goto_(newExit(edge.pc));
            return;
        }
        if (written.contains(edge.node)) {
            poll(newExit(edge.pc));
        }
        code.goto_(labels.get(edge.node));
    }

    private Label newExit(long pc) {
        Label label = code.newLabel();
        exits.add(new Stub(label, pc));
        return label;
    }

    /** Goes on if there is budget and nobody wants the CPU's attention. */
    private void poll(Label leave) {
        Label on = code.newLabel();
        code.lload(left).l2i().ifgt(on).lload(left).lconst_0().lcmp().ifle(leave);
        nextSlice(leave);
        code.labelBinding(on);
    }

    private void nextSlice(Label leave) {
        // HotSpot does not move the load out of a loop that stores into what may be the same array.
        code.aload(signals).loadConstant(Cpu.PROGRESS).lload(left).lastore();
        code.aload(signals).loadConstant(Cpu.ATTENTION).laload().lconst_0().lcmp().ifne(leave);
        code.lload(left).loadConstant((1L << SLICE) - (1L << Integer.SIZE)).ladd().lstore(left);
    }

    /** Divides the budget into slices; all of it counts as retired from now on. */
    private void grant() {
        code.iload(BUDGET).loadConstant(SLICE).iushr().i2l().loadConstant(Integer.SIZE).lshl()
                .iload(BUDGET).loadConstant((1 << SLICE) - 1).iand().i2l().ladd().lstore(left);
        retire(BUDGET, Opcode.LADD);
    }

    /** What has not run of what was granted is the budget again. */
    private void giveBack() {
        code.lload(left).dup2().l2i().i2l().lsub().loadConstant(Integer.SIZE - SLICE).lshr().l2i()
                .lload(left).l2i().iadd().istore(BUDGET);
        retire(BUDGET, Opcode.LSUB);
    }

    private void retire(int instructions, Opcode operator) {
        code.aload(CPU_PARAMETER).dup().getfield(CPU, "retired", CD_long).iload(instructions).i2l()
                .with(OperatorInstruction.of(operator)).putfield(CPU, "retired", CD_long);
    }

    /** Continues at {@code target}. */
    private void calculated(List<Node.Edge> targets) {
        if (isDispatched(targets)) {
            finds |= !table.isEmpty();
            code.goto_(table.isEmpty() ? exit : find);
            return;
        }
        for (Node.Edge edge : targets) {
            if (edge.node != null) {
                Label other = code.newLabel();
                code.lload(target).loadConstant(edge.pc).lcmp().ifne(other);
                if (written.contains(edge.node)) {
                    poll(exit);
                }
                code.goto_(labels.get(edge.node));
                code.labelBinding(other);
            }
        }
        code.goto_(exit);
    }

    // Rows

    /** Leaves what the row's method returns on the stack. */
    private void calculate(Node node, int at, DecodedRow row) {
        RowBody body = rows.body(row.row());
        if (body != null && body.isHalved() && isNarrow(node, at, body)) {
            halved(node, at, row, body);
            return;
        }
        if (body != null) {
            Label end = code.newLabel();
            copy(node, at, row, body, body.elements, end);
            code.labelBinding(end);
            return;
        }
        boolean mayTrap = row.row().mayTrap();
        if (mayTrap) {
            code.loadConstant(newStop(node, at)).istore(stop);
        }
        Method method = row.row().method();
        Class<?>[] types = method.getParameterTypes();
        List<ClassDesc> parameters = new ArrayList<>();
        for (int i = 0; i < types.length; i++) {
            operand(row, i, types[i], node.pcs[at]);
            parameters.add(desc(types[i]));
        }
        Label start = code.newBoundLabel();
        code.invokestatic(desc(method.getDeclaringClass()), method.getName(),
                MethodTypeDesc.of(desc(method.getReturnType()), parameters));
        if (mayTrap) {
            throwing.add(new Throwing(start, code.newBoundLabel()));
        }
    }

    private Label newMiss(Node node, int at) {
        Label miss = code.newLabel();
        misses.add(new Miss(miss, newStop(node, at)));
        return miss;
    }

    private int newStop(Node node, int at) {
        stopPcs.add(node.pcs[at]);
        stopUnretired.add(node.instructions() - node.retiredBefore(at));
        return stopPcs.size() - 1;
    }

    private void operand(DecodedRow row, int i, Class<?> type, long pc) {
        switch (row.row().operands().get(i)) {
            case Operand.Register r -> registers.read(code, (int) row.values()[i], r.file(), type == double.class);
            case Operand.Immediate _ -> constant(row.values()[i], type);
            case Operand.Pc _ -> address(pc);
            case Operand.Length _ -> constant(row.length(), type);
            case Operand.Bits _ -> constant(row.bits() & 0xFFFF_FFFFL, type);
            case Operand.State state -> code.aload(states.get(state.type()));
            case Operand.Memory _ -> code.aload(CPU_PARAMETER).getfield(CPU, "mmu", MMU);
        }
    }

    private void constant(long number, Class<?> type) {
        if (type == int.class) {
            code.loadConstant((int) number);
        } else {
            code.loadConstant(number);
        }
    }

    // Bodies

    private void copy(Node node, int at, DecodedRow row, RowBody body, List<CodeElement> elements, Label end) {
        Map<Label, Label> targets = new HashMap<>();
        Class<?>[] types = row.row().method().getParameterTypes();
        for (int i = 0; i < elements.size(); i++) {
            switch (elements.get(i)) {
                case LoadInstruction load -> {
                    int parameter = body.parameters.get(load.slot());
                    if (!(row.row().operands().get(parameter) instanceof Operand.Memory)) {
                        operand(row, parameter, types[parameter], node.pcs[at]);
                    }
                }
                case InvokeInstruction call -> {
                    if (call.owner().matches(MMU)) {
                        tlb.access(row, body, newMiss(node, at));
                    } else {
                        code.invokestatic(call.owner().asSymbol(), call.name().stringValue(), call.typeSymbol());
                    }
                }
                case ConstantInstruction constant -> code.loadConstant(constant.constantValue());
                case ConvertInstruction c -> code.conversion(c.fromType(), c.toType());
                case OperatorInstruction operator -> code.with(operator);
                case BranchInstruction branch -> code.branch(branch.opcode(),
                        targets.computeIfAbsent(branch.target(), _ -> code.newLabel()));
                case LabelTarget label -> code.labelBinding(targets.computeIfAbsent(label.label(), _ -> code.newLabel()));
                case ReturnInstruction _ -> {
                    if (i < elements.size() - 1) {
                        code.goto_(end);
                    }
                }
                default -> throw new IllegalStateException("the body of " + row.row() + " has a " + elements.get(i));
            }
        }
    }

    private boolean isNarrow(Node node, int at, RowBody body) {
        return NumberKind.result(body, parameter -> kinds.operand(known, node, at, parameter)).isNarrow();
    }

    /** Calculates with the lower halves alone. */
    private void halved(Node node, int at, DecodedRow row, RowBody body) {
        for (CodeElement element : body.elements) {
            switch (element) {
                case LoadInstruction load -> {
                    operand(row, body.parameters.get(load.slot()), long.class, node.pcs[at]);
                    code.l2i();
                }
                case ConstantInstruction constant -> code.loadConstant(((Long) constant.constantValue()).intValue());
                case OperatorInstruction operator -> code.with(OperatorInstruction.of(switch (operator.opcode()) {
                    case LADD -> Opcode.IADD;
                    case LSUB -> Opcode.ISUB;
                    case LMUL -> Opcode.IMUL;
                    case LAND -> Opcode.IAND;
                    case LOR -> Opcode.IOR;
                    case LXOR -> Opcode.IXOR;
                    case LNEG -> Opcode.INEG;
                    default -> throw new IllegalStateException("the body of " + row.row() + " has a " + operator);
                }));
                default -> code.i2l();
            }
        }
    }

    private static ClassDesc desc(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }
}
