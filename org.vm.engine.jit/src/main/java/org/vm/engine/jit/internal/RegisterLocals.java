package org.vm.engine.jit.internal;

import static java.lang.constant.ConstantDescs.CD_double;
import static java.lang.constant.ConstantDescs.CD_long;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Operand;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;

/** The guest registers that a region uses, in local variables: loaded where it is entered, stored where it is left. */
final class RegisterLocals {
    private static final ClassDesc DOUBLE = Double.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc TO_BITS = MethodTypeDesc.of(CD_long, CD_double);
    private static final MethodTypeDesc FROM_BITS = MethodTypeDesc.of(CD_double, CD_long);

    /** Local variable of each guest register that is used. */
    private final TreeMap<Integer, Integer> locals = new TreeMap<>();
    /** Registers that are floating-point numbers here. */
    private final Set<Integer> doubles = new HashSet<>();
    private final TreeSet<Integer> dirty = new TreeSet<>();
    /** Registers that rows which stop may change behind the code's back. */
    private final TreeSet<Integer> control = new TreeSet<>();

    /** Notes which registers a row uses, and which of them as floating-point numbers. */
    void note(DecodedRow decoded) {
        Row row = decoded.row();
        Class<?>[] types = row.method().getParameterTypes();
        for (int i = 0; i < types.length; i++) {
            if (row.operands().get(i) instanceof Operand.Register r) {
                use((int) decoded.values()[i], r.file(), types[i] == double.class);
            }
        }
        if (writes(decoded)) {
            use(decoded.destination(), row.destinationFile(), row.method().getReturnType() == double.class);
            dirty.add(decoded.destination());
        }
    }

    private void use(int slot, RegisterFile file, boolean floating) {
        if (!isZero(slot, file)) {
            locals.putIfAbsent(slot, 0);
            if (file.control()) {
                control.add(slot);
            }
            if (floating) {
                doubles.add(slot);
            }
        }
    }

    static boolean isZero(int slot, RegisterFile file) {
        return file.zero() >= 0 && slot == file.source(file.zero());
    }

    /** Whether a row's result goes to a register. */
    static boolean writes(DecodedRow decoded) {
        RegisterFile file = decoded.row().destinationFile();
        return file != null && decoded.destination() >= 0 && (file.zero() < 0 || decoded.destination() != file.sink());
    }

    /** Takes them from the CPU's array, whose local variable is {@code array}. */
    void enter(CodeBuilder code, int array) {
        locals.replaceAll((slot, _) -> code.allocateLocal(doubles.contains(slot) ? TypeKind.DOUBLE : TypeKind.LONG));
        enterAgain(code, array);
    }

    /** The same, where they are in the CPU's array again. */
    void enterAgain(CodeBuilder code, int array) {
        load(code, array, locals.keySet());
    }

    /** After a row that has seen the CPU's array, in which everything was, and may have written to it. */
    void reload(CodeBuilder code, int array) {
        load(code, array, control);
    }

    private void load(CodeBuilder code, int array, Set<Integer> slots) {
        for (int slot : slots) {
            code.aload(array).loadConstant(slot).laload();
            writeBits(code, slot);
        }
    }

    /** Puts what may have changed into the CPU's array. */
    void leave(CodeBuilder code, int array) {
        for (int slot : dirty) {
            code.aload(array).loadConstant(slot);
            readBits(code, slot);
            code.lastore();
        }
    }

    /** Puts a register on the stack. */
    void read(CodeBuilder code, int slot, RegisterFile file, boolean floating) {
        if (isZero(slot, file)) {
            if (floating) {
                code.dconst_0();
            } else {
                code.lconst_0();
            }
        } else if (floating) {
            code.dload(locals.get(slot));
        } else {
            readBits(code, slot);
        }
    }

    /** Puts the value on the stack where the row's result goes. */
    void write(CodeBuilder code, DecodedRow decoded) {
        if (!(decoded.row().result() instanceof Result.Write)) {
            return;
        }
        if (!writes(decoded)) {
            code.pop2();
        } else if (decoded.row().method().getReturnType() == double.class) {
            code.dstore(locals.get(decoded.destination()));
        } else {
            writeBits(code, decoded.destination());
        }
    }

    private void readBits(CodeBuilder code, int slot) {
        if (doubles.contains(slot)) {
            code.dload(locals.get(slot)).invokestatic(DOUBLE, "doubleToRawLongBits", TO_BITS);
        } else {
            code.lload(locals.get(slot));
        }
    }

    void writeBits(CodeBuilder code, int slot) {
        if (doubles.contains(slot)) {
            code.invokestatic(DOUBLE, "longBitsToDouble", FROM_BITS).dstore(locals.get(slot));
        } else {
            code.lstore(locals.get(slot));
        }
    }
}
