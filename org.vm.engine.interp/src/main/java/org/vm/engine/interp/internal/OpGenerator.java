package org.vm.engine.interp.internal;

import static java.lang.constant.ConstantDescs.CD_byte;
import static java.lang.constant.ConstantDescs.CD_double;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_short;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.attribute.StackMapFrameInfo;
import java.lang.classfile.attribute.StackMapTableAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.isa.Operand;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;
import org.vm.api.mmu.Mmu;

/**
 * Writes the class of a {@link Shape}: {@code exec} loads the registers, calls the rows' methods and stores what they
 * return. A register that several rows use stays in a local variable, but every result is stored at once, so that the
 * registers are right whenever a row traps.
 *
 * <p>The verifier's frames are known here; having them found takes several times as long as all the rest, and a guest that
 * starts waits for it hundreds of times.
 */
final class OpGenerator {
    private static final ClassDesc OP = desc(Op.class);
    private static final ClassDesc FUSED = desc(FusedOp.class);
    private static final ClassDesc CPU = desc(Cpu.class);
    private static final ClassDesc MMU = desc(Mmu.class);
    private static final ClassDesc TRAP = desc(GuestTrap.class);
    private static final ClassDesc DOUBLE = ClassDesc.of("java.lang.Double");
    private static final ClassDesc LONGS = CD_long.arrayType();
    private static final ClassDesc INTS = CD_int.arrayType();
    private static final MethodTypeDesc EXEC = MethodTypeDesc.of(CD_long, LONGS, CPU);
    private static final MethodTypeDesc CREATE = MethodTypeDesc.of(OP, INTS, LONGS);
    private static final MethodTypeDesc INIT = MethodTypeDesc.of(CD_void, INTS, LONGS);
    private static final MethodTypeDesc NOTHING = MethodTypeDesc.of(CD_void);

    private static final int THIS = 0;
    private static final int REGISTERS = 1;
    private static final int CPU_PARAMETER = 2;

    private static final int BYTES = 128;

    private final ClassDesc self;
    private final Shape shape;
    /** Of the fields for registers: objects shall be small, for there are hundreds of thousands. */
    private final ClassDesc slot;
    private final boolean fused;
    private final int slots;
    /** Local variable of each register of the shape, or 0 if it has none yet. */
    private final int[] locals;
    /** What the verifier has to know where code is jumped to: nothing of registers is in use there. */
    private final List<StackMapFrameInfo> frames = new ArrayList<>();
    private final List<StackMapFrameInfo.VerificationTypeInfo> parameters;
    private int nextRegister;
    private int nextValue;

    private OpGenerator(String name, Shape shape, int registerSlots) {
        self = ClassDesc.of(name);
        slot = registerSlots <= BYTES ? CD_byte : CD_short;
        this.shape = shape;
        fused = shape.rows().size() > 1;
        slots = shape.registers().stream().mapToInt(r -> r + 1).max().orElse(0);
        locals = new int[Math.max(slots, 0)];
        parameters = List.of(type(self), type(LONGS), type(CPU));
    }

    /** The bytes of a class called {@code name}, for CPUs with that many register slots. */
    static byte[] generate(String name, Shape shape, int registerSlots) {
        return new OpGenerator(name, shape, registerSlots).generate();
    }

    private byte[] generate() {
        int values = countValues();
        ClassDesc base = fused ? FUSED : OP;
        return ClassFile.of(ClassFile.StackMapsOption.DROP_STACK_MAPS).build(self, type -> {
            type.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL | ClassFile.ACC_SYNTHETIC).withSuperclass(base);
            int field = ClassFile.ACC_PRIVATE | ClassFile.ACC_FINAL;
            for (int i = 0; i < slots; i++) {
                type.withField("r" + i, slot, field);
            }
            for (int i = 0; i < values; i++) {
                type.withField("v" + i, CD_long, field);
            }
            // The prototype, of which only create is called.
            type.withMethodBody(ConstantDescs.INIT_NAME, NOTHING, ClassFile.ACC_PUBLIC, code -> {
                code.aload(THIS).invokespecial(base, ConstantDescs.INIT_NAME, NOTHING);
                for (int i = 0; i < slots; i++) {
                    code.aload(THIS).iconst_0().putfield(self, "r" + i, slot);
                }
                for (int i = 0; i < values; i++) {
                    code.aload(THIS).lconst_0().putfield(self, "v" + i, CD_long);
                }
                code.return_();
            });
            type.withMethodBody(ConstantDescs.INIT_NAME, INIT, ClassFile.ACC_PRIVATE, code -> {
                code.aload(THIS).invokespecial(base, ConstantDescs.INIT_NAME, NOTHING);
                for (int i = 0; i < slots; i++) {
                    code.aload(THIS).aload(1).loadConstant(i).iaload().i2s().putfield(self, "r" + i, slot);
                }
                for (int i = 0; i < values; i++) {
                    code.aload(THIS).aload(2).loadConstant(i).laload().putfield(self, "v" + i, CD_long);
                }
                code.return_();
            });
            type.withMethodBody("create", CREATE, ClassFile.ACC_PUBLIC, code -> code
                    .new_(self).dup().aload(1).aload(2).invokespecial(self, ConstantDescs.INIT_NAME, INIT).areturn());
            type.withMethodBody("exec", EXEC, ClassFile.ACC_PUBLIC, this::exec);
        });
    }

    private int countValues() {
        int count = 0;
        for (int i = 0; i < shape.rows().size(); i++) {
            Row row = shape.rows().get(i);
            for (Operand operand : row.operands()) {
                switch (operand) {
                    case Operand.Immediate _, Operand.Pc _, Operand.Length _, Operand.Bits _ -> count++;
                    case Operand.Register _, Operand.State _, Operand.Memory _ -> { }
                }
            }
            count += switch (row.result()) {
                case Result.Branch _ -> 2;
                case Result.Jump jump -> jump.file() != null ? 1 : 0;
                default -> row.endsBlock() || shape.falls() && i == shape.rows().size() - 1 ? 1 : 0;
            };
        }
        return count;
    }

    private record Guarded(Label start, Label end, int position) {}

    private void exec(CodeBuilder code) {
        List<Guarded> guarded = new ArrayList<>();
        List<Row> rows = shape.rows();
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            boolean last = i == rows.size() - 1;
            Label start = code.newBoundLabel();
            call(code, row);
            result(code, row, last);
            if (fused && row.mayTrap()) {
                guarded.add(new Guarded(start, code.newBoundLabel(), i));
            }
        }
        for (Guarded range : guarded) {
            Label handler = code.newBoundLabel();
            code.exceptionCatch(range.start, range.end, handler, TRAP);
            frames.add(StackMapFrameInfo.of(handler, parameters, List.of(type(TRAP))));
            code.aload(THIS).loadConstant(range.position).putfield(self, "position", CD_int).athrow();
        }
        if (!frames.isEmpty()) {
            code.with(StackMapTableAttribute.of(frames));
        }
    }

    private void call(CodeBuilder code, Row row) {
        Method method = row.method();
        Class<?>[] types = method.getParameterTypes();
        for (int i = 0; i < types.length; i++) {
            switch (row.operands().get(i)) {
                case Operand.Register _ -> {
                    load(code, shape.registers().get(nextRegister++));
                    if (types[i] == double.class) {
                        code.invokestatic(DOUBLE, "longBitsToDouble", MethodTypeDesc.of(CD_double, CD_long));
                    }
                }
                case Operand.State state -> code.aload(CPU_PARAMETER).checkcast(desc(state.type()));
                case Operand.Memory _ -> code.aload(CPU_PARAMETER).getfield(CPU, "mmu", MMU);
                case Operand.Immediate _, Operand.Pc _, Operand.Length _, Operand.Bits _ -> {
                    value(code);
                    if (types[i] == int.class) {
                        code.l2i();
                    }
                }
            }
        }
        List<ClassDesc> parameters = new ArrayList<>();
        for (Class<?> type : types) {
            parameters.add(desc(type));
        }
        code.invokestatic(desc(method.getDeclaringClass()), method.getName(),
                MethodTypeDesc.of(desc(method.getReturnType()), parameters));
    }

    private void result(CodeBuilder code, Row row, boolean last) {
        switch (row.result()) {
            case Result.None _ -> following(code, row, last);
            case Result.Write _ -> {
                if (row.method().getReturnType() == double.class) {
                    code.invokestatic(DOUBLE, "doubleToRawLongBits", MethodTypeDesc.of(CD_long, CD_double));
                }
                store(code, shape.registers().get(nextRegister++));
                following(code, row, last);
            }
            case Result.Branch _ -> {
                Label not = code.newLabel();
                code.ifeq(not);
                value(code);
                code.lreturn().labelBinding(not);
                frames.add(StackMapFrameInfo.of(not, parameters, List.of()));
                value(code);
                code.lreturn();
            }
            case Result.Jump jump -> {
                // The target is on the stack: it may come from the register that the link goes to.
                if (jump.file() != null) {
                    value(code);
                    store(code, shape.registers().get(nextRegister++));
                }
                code.lreturn();
            }
        }
    }

    private void following(CodeBuilder code, Row row, boolean last) {
        if (row.endsBlock() || last && shape.falls()) {
            value(code);
            code.lreturn();
        } else if (last) {
            code.lconst_0().lreturn();
        }
    }

    private void value(CodeBuilder code) {
        code.aload(THIS).getfield(self, "v" + nextValue++, CD_long);
    }

    private void load(CodeBuilder code, int register) {
        if (register == Shape.ZERO) {
            code.lconst_0();
        } else if (locals[register] != 0) {
            code.lload(locals[register]);
        } else {
            code.aload(REGISTERS).aload(THIS).getfield(self, "r" + register, slot).laload();
            if (fused) {
                locals[register] = code.allocateLocal(java.lang.classfile.TypeKind.LONG);
                code.dup2().lstore(locals[register]);
            }
        }
    }

    private void store(CodeBuilder code, int register) {
        if (register == Shape.NOWHERE) {
            code.pop2();
            return;
        }
        int local = locals[register];
        if (local == 0) {
            local = code.allocateLocal(java.lang.classfile.TypeKind.LONG);
            if (fused) {
                locals[register] = local;
            }
        }
        code.lstore(local).aload(REGISTERS).aload(THIS).getfield(self, "r" + register, slot).lload(local).lastore();
    }

    private static StackMapFrameInfo.VerificationTypeInfo type(ClassDesc type) {
        return StackMapFrameInfo.ObjectVerificationTypeInfo.of(type);
    }

    private static ClassDesc desc(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }
}
