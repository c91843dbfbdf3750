package org.vm.engine.jit.internal;

import static java.lang.constant.ConstantDescs.CD_byte;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_short;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Operand;
import org.vm.api.mmu.TlbLayout;

/**
 * Writes loads and stores that find guest memory themselves: an access compares its address with the page that its base
 * register led to last, and looks it up in the TLB if that is another page; if it misses there, the region is left at that
 * instruction. All jumps go forward: HotSpot stops at each that goes back to see whether somebody wants the thread to.
 */
final class TlbCode {
    /** Equal to no masked address, because of the bits below the page number. */
    private static final long NO_PAGE = -1;

    /**
     * What look-ups add to the address, so that HotSpot does not see that two of them calculate the same: it would do that
     * before the two part, where neither is needed. The index has no bits from up there: a TLB has 2^19 entries
     * at most ({@link org.vm.api.VmConfig}).
     */
    private static final long APART = 1L << 31;

    private static final ClassDesc ACCESSES = Accesses.class.describeConstable().orElseThrow();
    private static final ClassDesc SEGMENT = MemorySegment.class.describeConstable().orElseThrow();
    /** What is accessed, by the logarithm of its size. */
    private static final String[] LAYOUTS = {"BYTE", "SHORT", "INT", "LONG"};
    private static final ClassDesc[] LAYOUT_TYPES = {desc(ValueLayout.OfByte.class), desc(ValueLayout.OfShort.class),
            desc(ValueLayout.OfInt.class), desc(ValueLayout.OfLong.class)};
    private static final ClassDesc[] VALUE_TYPES = {CD_byte, CD_short, CD_int, CD_long};

    /**
     * The page that accesses through one base register went to last. Local variables are -1 where nothing needs them.
     *
     * @param load   with its address, which is no address if nothing is known or it must not be read
     * @param store  the same for stores
     * @param addend with its addend
     */
    private record Page(int load, int store, int addend) {
        int tag(RowBody.Access access) {
            return access.store() ? store : load;
        }
    }

    private final CodeBuilder code;
    private final ClassDesc region;
    /** What offsets in memory are cut to, so that HotSpot sees that they are within it; negative if it has no such size. */
    private final long offsetMask;
    private final int tlb;
    private final int address;
    private final int value;
    private final int tag;
    private final int index;
    private final Map<Integer, Page> pages = new LinkedHashMap<>();
    /** What the last look-up added. */
    private long apart;

    /**
     * Begins a region's code.
     *
     * @param region the class with the constant {@code MEMORY}
     * @param tlb    local variable with the TLB
     * @param some   local variable with any number
     */
    TlbCode(CodeBuilder code, ClassDesc region, long offsetMask, int tlb, int some) {
        this.code = code;
        this.region = region;
        this.offsetMask = offsetMask;
        this.tlb = tlb;
        address = code.allocateLocal(TypeKind.LONG);
        value = code.allocateLocal(TypeKind.LONG);
        tag = code.allocateLocal(TypeKind.LONG);
        index = code.allocateLocal(TypeKind.INT);
        code.iconst_0().istore(index);
        // The TLB is seen not to be empty here, and memory to be alive, so that neither need be looked at again where
        // nothing was called since.
        code.aload(tlb).iload(some);
        withinArray();
        code.laload().pop2();
        memory(0);
        code.lconst_0().invokeinterface(SEGMENT, "get", MethodTypeDesc.of(CD_byte, LAYOUT_TYPES[0], CD_long)).pop();
    }

    /** Makes the local variables for the accesses of a row. Before any code that may run twice. */
    void note(DecodedRow decoded, RowBody body) {
        pages.compute(base(decoded, body), (_, page) -> {
            boolean store = body.access.store();
            return page == null ? new Page(store ? -1 : newTag(), store ? newTag() : -1, newLong(0))
                    : new Page(page.load < 0 && !store ? newTag() : page.load, page.store < 0 && store ? newTag() : page.store,
                            page.addend);
        });
    }

    private int newTag() {
        return newLong(NO_PAGE);
    }

    private int newLong(long first) {
        int local = code.allocateLocal(TypeKind.LONG);
        code.loadConstant(first).lstore(local);
        return local;
    }

    /** The first register of an access is the base of its address; -1 if there is none. */
    private static int base(DecodedRow decoded, RowBody body) {
        for (CodeElement element : body.elements) {
            if (element instanceof LoadInstruction load) {
                int parameter = body.parameters.get(load.slot());
                if (decoded.row().operands().get(parameter) instanceof Operand.Register) {
                    return (int) decoded.values()[parameter];
                }
            }
        }
        return -1;
    }

    /** What was seen of pages does not hold any more. */
    void forgetPages() {
        for (Page page : pages.values()) {
            for (int tag : new int[] {page.load, page.store}) {
                if (tag >= 0) {
                    code.loadConstant(NO_PAGE).lstore(tag);
                }
            }
        }
    }

    /** A load or store whose address, and value, are on the stack. Goes to {@code miss} with nothing on it. */
    void access(DecodedRow decoded, RowBody body, Label miss) {
        RowBody.Access access = body.access;
        Page page = pages.get(base(decoded, body));
        int kind = Integer.numberOfTrailingZeros(access.bytes());
        if (access.store()) {
            if (kind == 3) {
                code.lstore(value);
            } else {
                code.istore(value);
            }
        }
        Label hit = code.newLabel();
        code.dup2().lstore(address);
        code.loadConstant(mask(access)).land().lload(page.tag(access)).lcmp().ifeq(hit);
        lookUp(access, page, miss);
        code.labelBinding(hit);
        memory(kind);
        code.lload(address).lload(page.addend).ladd();
        if (offsetMask >= 0) {
            code.loadConstant(offsetMask).land();
        }
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

    private void memory(int kind) {
        code.getstatic(region, "MEMORY", SEGMENT).getstatic(ACCESSES, LAYOUTS[kind], LAYOUT_TYPES[kind]);
    }

    /** For an access to another page than the last one. */
    private void lookUp(RowBody.Access access, Page page, Label miss) {
        apart += APART;
        code.lload(address).loadConstant(apart).ladd().loadConstant(TlbLayout.INDEX_SHIFT).lushr().l2i()
                .loadConstant(-TlbLayout.ENTRY).iand().istore(index);
        word(access.store() ? TlbLayout.STORE : TlbLayout.LOAD);
        code.dup2().lstore(tag);
        code.lload(address).loadConstant(mask(access)).land().lcmp().ifne(miss);
        word(TlbLayout.ADDEND);
        code.lstore(page.addend);
        code.lload(tag).lstore(page.tag(access));
        int other = access.store() ? page.load : page.store;
        if (other >= 0) {
            word(access.store() ? TlbLayout.LOAD : TlbLayout.STORE);
            code.lstore(other);
        }
    }

    /** Puts a word of the entry on the stack whose first word is at the index. */
    private void word(int number) {
        code.aload(tlb).iload(index).loadConstant(number).ior();
        withinArray();
        code.laload();
    }

    /**
     * Cuts an index of the TLB to its length in the way in which HotSpot sees that it needs no check. What it would do
     * where a check fails wants all local variables on the stack, in the hottest loops, too.
     */
    private void withinArray() {
        code.aload(tlb).arraylength().iconst_1().isub().iand();
    }

    /** The bits of an address that must be the page's; those below them that must be zero. */
    private static long mask(RowBody.Access access) {
        return TlbLayout.PAGE_MASK | access.bytes() - 1;
    }

    private static ClassDesc desc(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }
}
