package org.vm.engine.jit.internal;

import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_double;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Label;
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
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Operand;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;
import org.vm.api.mmu.Mmu;
import org.vm.api.mmu.TlbLayout;

/**
 * Writes the class of a region. Guest registers are local variables: loaded where the region is entered, stored where it
 * is left, which is at one place for each way of leaving. A load or store compares its address with the page that its base
 * register led to last, then with the TLB, and accesses memory; if it misses, the region is left at that instruction, so
 * that nothing merges back into the fast path. Retired instructions are counted at the end of each node, the CPU's
 * attention and the budget are looked at when a jump goes back.
 */
final class RegionWriter {
    /** Calculated jumps with more targets than this go through the dispatch at the method's beginning. */
    static final int COMPARED_TARGETS = 4;

    private static final ClassDesc REGION_CODE = desc(RegionCode.class);
    private static final ClassDesc ACCESSES = desc(Accesses.class);
    private static final ClassDesc CPU = desc(Cpu.class);
    private static final ClassDesc MMU = desc(Mmu.class);
    private static final ClassDesc TRAP = desc(GuestTrap.class);
    private static final ClassDesc SEGMENT = desc(MemorySegment.class);
    private static final ClassDesc DOUBLE = ClassDesc.of("java.lang.Double");
    private static final ClassDesc LONGS = CD_long.arrayType();
    private static final ClassDesc INTS = CD_int.arrayType();
    private static final MethodTypeDesc RUN = MethodTypeDesc.of(CD_int, CPU, LONGS, LONGS, CD_int, CD_int);

    /** Equal to no masked address, because of the bits below the page number. */
    private static final long NO_PAGE = -1;

    private static final int THIS = 0;
    private static final int CPU_PARAMETER = 1;
    private static final int REGISTERS = 2;
    private static final int TLB = 3;
    private static final int ENTRY = 4;
    private static final int BUDGET = 5;

    /** What is accessed, by the logarithm of its size. */
    private static final String[] LAYOUTS = {"BYTE", "SHORT", "INT", "LONG"};
    private static final ClassDesc[] LAYOUT_TYPES = {desc(ValueLayout.OfByte.class), desc(ValueLayout.OfShort.class),
            desc(ValueLayout.OfInt.class), desc(ValueLayout.OfLong.class)};
    private static final ClassDesc[] VALUE_TYPES = {ConstantDescs.CD_byte, ConstantDescs.CD_short, CD_int, CD_long};

    /** A class to define, and what its instance has to be given. */
    record Written(byte[] bytes, int codeLength, long[] pcs, int[] retiredBefore) {}

    private record Stub(Label label, long pc) {}

    private record Miss(Label label, int stop) {}

    /** A call that may raise a trap. Only these are guarded: a handler keeps all registers alive where it is. */
    private record Throwing(Label start, Label end) {}

    /** The page that accesses through a base register went to last. */
    private record BasePage(int register, boolean store) {}

    /** Local variables with its address, which is no address if nothing is known, and its addend. */
    private record PageLocals(int tag, int addend) {}

    /** The look-up of an access that goes to another page than the last one. */
    private record LookUp(Label label, Label back, Label miss, PageLocals page, RowBody.Access access) {}

    private final ClassDesc self;
    private final Region region;
    private final Rows rows;

    private CodeBuilder code;
    private final Map<Node, Label> labels = new HashMap<>();
    private final Set<Node> written = new HashSet<>();
    /** Local variable and type of each guest register that is used. */
    private final TreeMap<Integer, Integer> locals = new TreeMap<>();
    private final Set<Integer> doubles = new HashSet<>();
    private final TreeSet<Integer> dirty = new TreeSet<>();
    private int retired;
    private int stop;
    private int target;
    private int address;
    private int index;
    private int trap;
    private int value;
    private Label dispatch;
    private Label exit;
    private final List<Stub> exits = new ArrayList<>();
    private final List<Stub> polls = new ArrayList<>();
    private final Map<BasePage, PageLocals> basePages = new LinkedHashMap<>();
    private final List<LookUp> lookUps = new ArrayList<>();
    private final List<Miss> misses = new ArrayList<>();
    private final List<Long> stopPcs = new ArrayList<>();
    private final List<Integer> stopRetired = new ArrayList<>();
    private final List<Throwing> throwing = new ArrayList<>();

    private RegionWriter(ClassDesc self, Region region, Rows rows) {
        this.self = self;
        this.region = region;
        this.rows = rows;
    }

    /** The class of a region. */
    static Written write(String name, Region region, Rows rows) {
        return new RegionWriter(ClassDesc.of(name), region, rows).write();
    }

    private Written write() {
        region.nodes().forEach(node -> node.rows.forEach(this::note));
        byte[] bytes = ClassFile.of(ClassFile.DebugElementsOption.DROP_DEBUG, ClassFile.LineNumbersOption.DROP_LINE_NUMBERS)
                .build(self, type -> {
                    type.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL | ClassFile.ACC_SYNTHETIC)
                            .withSuperclass(REGION_CODE);
                    type.withField("MEMORY", SEGMENT, ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC | ClassFile.ACC_FINAL);
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
                stopRetired.stream().mapToInt(Integer::intValue).toArray());
    }

    /** The guest's memory is a constant of the class, so that HotSpot knows its bounds. */
    private void initialize(CodeBuilder c) {
        ClassDesc lookups = desc(MethodHandles.class);
        ClassDesc lookup = desc(MethodHandles.Lookup.class);
        c.invokestatic(lookups, "lookup", MethodTypeDesc.of(lookup)).loadConstant(ConstantDescs.DEFAULT_NAME)
                .loadConstant(SEGMENT)
                .invokestatic(lookups, "classData", MethodTypeDesc.of(ConstantDescs.CD_Object, lookup,
                        ConstantDescs.CD_String, ConstantDescs.CD_Class))
                .checkcast(SEGMENT).putstatic(self, "MEMORY", SEGMENT).return_();
    }

    // Registers

    /** Notes which registers a row uses, and which of them as floating-point numbers. */
    private void note(DecodedRow decoded) {
        Row row = decoded.row();
        Class<?>[] types = row.method().getParameterTypes();
        for (int i = 0; i < types.length; i++) {
            if (row.operands().get(i) instanceof Operand.Register r) {
                use((int) decoded.values()[i], r.file(), types[i] == double.class);
            }
        }
        RegisterFile file = row.destinationFile();
        if (file != null && decoded.destination() >= 0 && decoded.destination() != sink(file)) {
            use(decoded.destination(), file, row.method().getReturnType() == double.class);
            dirty.add(decoded.destination());
        }
        RowBody body = rows.body(row);
        if (body != null && body.access != null) {
            basePages.putIfAbsent(basePage(decoded, body), null);
        }
    }

    /** The first register of an access is the base of its address. */
    private static BasePage basePage(DecodedRow decoded, RowBody body) {
        for (CodeElement element : body.elements) {
            if (element instanceof LoadInstruction load) {
                int parameter = body.parameters.get(load.slot());
                if (decoded.row().operands().get(parameter) instanceof Operand.Register) {
                    return new BasePage((int) decoded.values()[parameter], body.access.store());
                }
            }
        }
        return new BasePage(-1, body.access.store());
    }

    private void use(int slot, RegisterFile file, boolean floating) {
        if (file.zero() < 0 || slot != file.source(file.zero())) {
            locals.putIfAbsent(slot, 0);
            if (floating) {
                doubles.add(slot);
            }
        }
    }

    private static int sink(RegisterFile file) {
        return file.zero() < 0 ? -1 : file.sink();
    }

    // The method

    private void run(CodeBuilder builder) {
        code = builder;
        retired = code.allocateLocal(TypeKind.INT);
        stop = code.allocateLocal(TypeKind.INT);
        index = code.allocateLocal(TypeKind.INT);
        target = code.allocateLocal(TypeKind.LONG);
        address = code.allocateLocal(TypeKind.LONG);
        value = code.allocateLocal(TypeKind.LONG);
        trap = code.allocateLocal(TypeKind.REFERENCE);
        for (Map.Entry<Integer, Integer> local : locals.entrySet()) {
            local.setValue(code.allocateLocal(doubles.contains(local.getKey()) ? TypeKind.DOUBLE : TypeKind.LONG));
        }
        exit = code.newLabel();
        Label miss = code.newLabel();
        Label handler = code.newLabel();
        Label real = code.newLabel();
        code.iload(ENTRY).ifge(real).iconst_0().ireturn().labelBinding(real);
        locals.forEach((slot, local) -> {
            code.aload(REGISTERS).loadConstant(slot).laload();
            storeBits(slot, local);
        });
        code.iconst_0().istore(retired).iconst_0().istore(stop).iconst_0().istore(index);
        code.lconst_0().lstore(target);
        for (Map.Entry<BasePage, PageLocals> page : basePages.entrySet()) {
            page.setValue(new PageLocals(code.allocateLocal(TypeKind.LONG), code.allocateLocal(TypeKind.LONG)));
            code.lconst_0().lstore(page.getValue().addend);
        }
        forgetPages();
        region.nodes().forEach(node -> labels.put(node, code.newLabel()));
        dispatch();
        for (Node node : region.nodes()) {
            write(node);
        }
        stubs(miss);
        code.labelBinding(exit);
        leave(RegionCode.RAN, false);
        if (!misses.isEmpty()) {
            code.labelBinding(miss);
            atStop();
            leave(RegionCode.INTERPRET, false);
        }
        if (!throwing.isEmpty()) {
            for (Throwing range : throwing) {
                code.exceptionCatch(range.start, range.end, handler, TRAP);
            }
            code.labelBinding(handler).astore(trap);
            atStop();
            leave(RegionCode.TRAPPED, true);
        }
    }

    private void dispatch() {
        dispatch = code.newBoundLabel();
        List<SwitchCase> cases = new ArrayList<>();
        region.entries().forEach((pc, node) -> cases.add(SwitchCase.of((int) (pc - region.pc()), labels.get(node))));
        cases.sort(Comparator.comparingInt(SwitchCase::caseValue));
        if (cases.size() == 1) {
            return;
        }
        code.iload(ENTRY).lookupswitch(exit, cases);
    }

    /** Sets {@code target} and {@code retired} for leaving at the instruction whose number is in {@code stop}. */
    private void atStop() {
        code.aload(THIS).getfield(REGION_CODE, "pcs", LONGS).iload(stop).laload().lstore(target);
        code.iload(retired).aload(THIS).getfield(REGION_CODE, "retiredBefore", INTS).iload(stop).iaload().iadd()
                .istore(retired);
    }

    private void leave(int outcome, boolean trapped) {
        storeRegisters();
        code.aload(CPU_PARAMETER).lload(target).putfield(CPU, "pc", CD_long);
        addRetired();
        if (trapped) {
            code.aload(CPU_PARAMETER).aload(trap).lload(target)
                    .invokevirtual(CPU, "deliver", MethodTypeDesc.of(CD_void, TRAP, CD_long));
        }
        code.loadConstant(outcome).ireturn();
    }

    private void storeRegisters() {
        for (int slot : dirty) {
            code.aload(REGISTERS).loadConstant(slot);
            loadBits(slot);
            code.lastore();
        }
    }

    private void addRetired() {
        code.aload(CPU_PARAMETER).dup().getfield(CPU, "retired", CD_long).iload(retired).i2l().ladd()
                .putfield(CPU, "retired", CD_long);
    }

    private void forgetPages() {
        for (PageLocals page : basePages.values()) {
            code.loadConstant(NO_PAGE).lstore(page.tag);
        }
    }

    private void stubs(Label miss) {
        for (LookUp lookUp : lookUps) {
            int tag = lookUp.access.store() ? TlbLayout.STORE : TlbLayout.LOAD;
            code.labelBinding(lookUp.label);
            code.lload(address).loadConstant(TlbLayout.INDEX_SHIFT).lushr().l2i()
                    .aload(TLB).arraylength().loadConstant(TlbLayout.ENTRY).isub().iand().istore(index);
            code.aload(TLB).iload(index).loadConstant(tag).iadd().laload()
                    .lload(address).loadConstant(mask(lookUp.access)).land().lcmp().ifne(lookUp.miss);
            code.aload(TLB).iload(index).loadConstant(TlbLayout.ADDEND).iadd().laload().lstore(lookUp.page.addend);
            code.lload(address).loadConstant(TlbLayout.PAGE_MASK).land().lstore(lookUp.page.tag).goto_(lookUp.back);
        }
        for (Stub poll : polls) {
            code.labelBinding(poll.label).loadConstant(poll.pc).lstore(target).goto_(exit);
        }
        for (Stub stub : exits) {
            code.labelBinding(stub.label).loadConstant(stub.pc).lstore(target).goto_(exit);
        }
        for (Miss m : misses) {
            code.labelBinding(m.label).loadConstant(m.stop).istore(stop).goto_(miss);
        }
    }

    // Nodes

    private void write(Node node) {
        written.add(node);
        code.labelBinding(labels.get(node));
        int last = node.rows.size() - 1;
        if (node.rows.get(last).row().stops()) {
            stop(node, node.rows.get(last), ((Node.End.Goto) node.ending).next());
            return;
        }
        boolean jumps = node.rows.get(last).row().endsBlock();
        for (int i = 0; i <= last; i++) {
            DecodedRow decoded = node.rows.get(i);
            if (!jumps || i < last) {
                calculate(node, i, decoded);
                store(decoded);
            }
        }
        if (!jumps) {
            count(node);
        }
        DecodedRow row = node.rows.get(last);
        switch (node.ending) {
            case Node.End.Goto(Node.Edge next) -> go(next);
            case Node.End.Branch(Node.Edge taken, Node.Edge next) -> branch(node, last, row, taken, next);
            case Node.End.Jump(Node.Edge to) -> {
                count(node);
                link(node, row);
                go(to);
            }
            case Node.End.Calculated(List<Node.Edge> targets) -> {
                calculate(node, last, row);
                code.lstore(target);
                count(node);
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
        storeRegisters();
        code.aload(CPU_PARAMETER).loadConstant(node.pc).putfield(CPU, "pc", CD_long);
        addRetired();
        code.iload(BUDGET).iload(retired).isub().istore(BUDGET).iconst_0().istore(retired);
        code.aload(CPU_PARAMETER).getfield(CPU, "mmu", MMU).invokeinterface(MMU, "fetchStamp", MethodTypeDesc.of(CD_long))
                .lstore(target);
        code.aload(CPU_PARAMETER).getfield(CPU, "codeEpoch", CD_int).istore(index);
        calculate(node, 0, row);
        store(row);
        count(node);
        code.aload(CPU_PARAMETER).getfield(CPU, "mmu", MMU)
                .invokeinterface(MMU, "translations", MethodTypeDesc.of(LONGS)).astore(TLB);
        forgetPages();
        Label leave = code.newLabel();
        exits.add(new Stub(leave, node.end));
        code.aload(CPU_PARAMETER).loadConstant(region.context()).lload(target).iload(index)
                .invokestatic(REGION_CODE, "goesOn", MethodTypeDesc.of(CD_boolean, CPU, CD_int, CD_long, CD_int))
                .ifeq(leave);
        go(next);
    }

    private void count(Node node) {
        code.iinc(retired, node.instructions());
    }

    private void link(Node node, DecodedRow row) {
        if (row.row().result() instanceof Result.Jump(String _, RegisterFile file) && file != null
                && row.destination() >= 0 && row.destination() != sink(file)) {
            code.loadConstant(node.end);
            storeBits(row.destination(), locals.get(row.destination()));
        }
    }

    private void branch(Node node, int at, DecodedRow row, Node.Edge taken, Node.Edge next) {
        RowBody body = rows.body(row.row());
        Label no = code.newLabel();
        BranchInstruction test = body == null || body.access != null ? null : body.finalTest();
        if (test != null) {
            List<CodeElement> elements = body.elements;
            copy(node, at, row, body, elements.subList(0, elements.size() - 7), null);
            count(node);
            code.branch(test.opcode(), no);
        } else {
            calculate(node, at, row);
            count(node);
            code.ifeq(no);
        }
        go(taken);
        code.labelBinding(no);
        go(next);
    }

    /** Continues at an edge's place. */
    private void go(Node.Edge edge) {
        if (edge.node == null) {
            Label label = code.newLabel();
            exits.add(new Stub(label, edge.pc));
            code.goto_(label);
            return;
        }
        if (written.contains(edge.node)) {
            poll(edge.pc);
        }
        code.goto_(labels.get(edge.node));
    }

    private void poll(long pc) {
        Label label = code.newLabel();
        polls.add(new Stub(label, pc));
        pollTo(label);
    }

    private void pollTo(Label leave) {
        code.iload(retired).iload(BUDGET).if_icmpge(leave);
        code.aload(CPU_PARAMETER).invokevirtual(CPU, "attention", MethodTypeDesc.of(CD_boolean)).ifne(leave);
    }

    /** Continues at {@code target}. */
    private void calculated(List<Node.Edge> targets) {
        List<Node.Edge> known = targets.stream().filter(edge -> edge.node != null).toList();
        if (known.isEmpty()) {
            code.goto_(exit);
        } else if (known.size() <= COMPARED_TARGETS) {
            for (Node.Edge edge : known) {
                Label other = code.newLabel();
                code.lload(target).loadConstant(edge.pc).lcmp().ifne(other);
                if (written.contains(edge.node)) {
                    pollTo(exit);
                }
                code.goto_(labels.get(edge.node)).labelBinding(other);
            }
            code.goto_(exit);
        } else {
            pollTo(exit);
            code.lload(target).loadConstant(region.pc()).lsub().l2i().istore(ENTRY);
            code.iload(ENTRY).i2l().loadConstant(region.pc()).ladd().lload(target).lcmp().ifne(exit);
            code.goto_(dispatch);
        }
    }

    // Rows

    /** Leaves what the row's method returns on the stack. */
    private void calculate(Node node, int at, DecodedRow row) {
        RowBody body = rows.body(row.row());
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

    private int newStop(Node node, int at) {
        stopPcs.add(node.pcs[at]);
        stopRetired.add(node.retiredBefore(at));
        return stopPcs.size() - 1;
    }

    private void operand(DecodedRow row, int i, Class<?> type, long pc) {
        switch (row.row().operands().get(i)) {
            case Operand.Register r -> load((int) row.values()[i], r.file(), type == double.class);
            case Operand.Immediate _ -> constant(row.values()[i], type);
            case Operand.Pc _ -> constant(pc, type);
            case Operand.Length _ -> constant(row.length(), type);
            case Operand.Bits _ -> constant(row.bits() & 0xFFFF_FFFFL, type);
            case Operand.State state -> code.aload(CPU_PARAMETER).checkcast(desc(state.type()));
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

    private void load(int slot, RegisterFile file, boolean floating) {
        if (file.zero() >= 0 && slot == file.source(file.zero())) {
            if (floating) {
                code.dconst_0();
            } else {
                code.lconst_0();
            }
        } else if (doubles.contains(slot)) {
            code.dload(locals.get(slot));
            if (!floating) {
                code.invokestatic(DOUBLE, "doubleToRawLongBits", MethodTypeDesc.of(CD_long, CD_double));
            }
        } else {
            code.lload(locals.get(slot));
        }
    }

    private void loadBits(int slot) {
        if (doubles.contains(slot)) {
            code.dload(locals.get(slot)).invokestatic(DOUBLE, "doubleToRawLongBits", MethodTypeDesc.of(CD_long, CD_double));
        } else {
            code.lload(locals.get(slot));
        }
    }

    private void storeBits(int slot, int local) {
        if (doubles.contains(slot)) {
            code.invokestatic(DOUBLE, "longBitsToDouble", MethodTypeDesc.of(CD_double, CD_long)).dstore(local);
        } else {
            code.lstore(local);
        }
    }

    /** Puts the value on the stack where the row's result goes. */
    private void store(DecodedRow decoded) {
        if (!(decoded.row().result() instanceof Result.Write(String _, RegisterFile file))) {
            return;
        }
        boolean floating = decoded.row().method().getReturnType() == double.class;
        if (decoded.destination() < 0 || decoded.destination() == sink(file)) {
            code.pop2();
        } else if (floating) {
            code.dstore(locals.get(decoded.destination()));
        } else {
            storeBits(decoded.destination(), locals.get(decoded.destination()));
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
                        access(body.access, basePages.get(basePage(row, body)), newStop(node, at));
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

    /** A load or store whose address, and value, are on the stack. */
    private void access(RowBody.Access access, PageLocals page, int stopNumber) {
        int kind = Integer.numberOfTrailingZeros(access.bytes());
        Label miss = code.newLabel();
        misses.add(new Miss(miss, stopNumber));
        if (access.store()) {
            if (kind == 3) {
                code.lstore(value);
            } else {
                code.istore(value);
            }
        }
        Label lookUp = code.newLabel();
        Label back = code.newLabel();
        lookUps.add(new LookUp(lookUp, back, miss, page, access));
        code.dup2().lstore(address);
        code.loadConstant(mask(access)).land().lload(page.tag).lcmp().ifne(lookUp).labelBinding(back);
        code.getstatic(self, "MEMORY", SEGMENT).getstatic(ACCESSES, LAYOUTS[kind], LAYOUT_TYPES[kind]);
        code.lload(address).lload(page.addend).ladd();
        if (!access.store()) {
            code.invokeinterface(SEGMENT, "get", MethodTypeDesc.of(VALUE_TYPES[kind], LAYOUT_TYPES[kind], CD_long));
            return;
        }
        if (kind == 3) {
            code.lload(value);
        } else {
            code.iload(value);
        }
        code.invokeinterface(SEGMENT, "set", MethodTypeDesc.of(CD_void, LAYOUT_TYPES[kind], CD_long, VALUE_TYPES[kind]));
    }

    /** The bits of an address that must be the page's; those below them that must be zero. */
    private static long mask(RowBody.Access access) {
        return TlbLayout.PAGE_MASK | access.bytes() - 1;
    }

    private static ClassDesc desc(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }
}
