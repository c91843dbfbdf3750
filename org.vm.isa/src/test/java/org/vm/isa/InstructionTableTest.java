package org.vm.isa;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vm.api.InvalidInstructionException;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;

class InstructionTableTest {
    private final InstructionTable table = InstructionTable.builder(List.of(Toy.X, Toy.F)).add(Toy.class).build();
    private final Row illegal = illegal();
    private final RowDecoder decoder = table.decoder(extension -> true, illegal);

    private static Row illegal() {
        try {
            return InstructionTable.row(Toy.class.getMethod("illegal", int.class));
        } catch (NoSuchMethodException e) {
            throw new AssertionError(e);
        }
    }

    private DecodedRow decode(int bits, String text) {
        DecodedRow decoded = decoder.decode(bits, (bits & 3) == 3 ? 4 : 2);
        assertEquals(text, table.disassemble(decoded, 0x1000));
        return decoded;
    }

    @Test
    void operandsAreSlotsAndImmediates() {
        DecodedRow addi = decode(0xfff58513, "addi a0, a1, -1");
        assertArrayEquals(new long[] {11, -1}, addi.values());
        assertEquals(10, addi.destination());
        assertEquals(4, addi.length());
    }

    @Test
    void theZeroRegisterIsWrittenToTheSink() {
        assertEquals(64, decode(0x00000013, "addi zero, zero, 0").destination());
    }

    @Test
    void compressedInstructionsAreTheSameRow() {
        DecodedRow caddi = decode(0x157d, "c.addi a0, -1");
        assertEquals("addi", caddi.row().name());
        assertArrayEquals(new long[] {10, -1}, caddi.values());
        DecodedRow sp = decode(0x7139, "c.addi16sp -64");
        assertArrayEquals(new long[] {2, -64}, sp.values());
        assertEquals(2, sp.destination());
        assertArrayEquals(new long[] {2, 16}, decode(0x0808, "c.addi4spn a0, 16").values());
        assertArrayEquals(new long[] {0, 2, 1, 24}, decode(0xec06, "c.sdsp ra, 24(sp)").values());
    }

    @Test
    void immediatesThatAreScatteredAreJoinedAndExtended() {
        assertEquals(-4, decode(0xfeb50ee3, "beq a0, a1, 0xffc").displacement());
        assertEquals(-0x100000, decode(0x800000ef, "jal ra, 0xfffffffffff01000").values()[1]);
        assertEquals(0xffffffff80000000L, decode(0x80000537, "lui a0, 0x80000").values()[0]);
        assertEquals(0xfffffffffffe1000L, decode(0x7505, "c.lui a0, 0x21").values()[0]);
    }

    @Test
    void branchesAndJumpsEndABlock() {
        DecodedRow jr = decode(0x8082, "c.jr ra");
        assertTrue(jr.row().endsBlock());
        assertEquals(new Result.Jump("rd", Toy.X), jr.row().result());
        assertEquals(64, jr.destination());
        assertTrue(decode(0xc501, "c.beqz a0, 0x1008").row().endsBlock());
    }

    @Test
    void doublesAreRegistersOfTheirOwnFile() {
        DecodedRow fadd = decode(0x02c5f553, "fadd.d fa10, fa11, fa12, 7");
        assertArrayEquals(new long[] {43, 44, 7}, fadd.values());
        assertEquals(42, fadd.destination());
    }

    @Test
    void memoryOperandsComeLast() {
        decode(0x0085b503, "ld a0, 8(a1)");
        decode(0x00a5b423, "sd a0, 8(a1)");
        decode(0x00c5b52f, "amoadd.d a0, a2, (a1)");
        decode(0x10051573, "csrrw a0, 256, a0");
    }

    @Test
    void bitsThatAreNoInstructionBecomeTheIllegalRow() {
        DecodedRow decoded = decode(0x0000, "illegal");
        assertEquals(illegal, decoded.row());
        assertEquals(0, decoded.bits());
    }

    @Test
    void encodingsOfAnExtensionThatIsOffAreIllegal() {
        RowDecoder plain = table.decoder(extension -> !extension.equals("C"), illegal);
        assertEquals(illegal, plain.decode(0x157d, 2).row());
        assertEquals("addi", plain.decode(0xfff58513, 4).row().name());
    }

    /** Lives beside {@link Toy}, on an encoding of it. */
    public static final class Conflicting {
        private Conflicting() {}

        @Encoding("000000000000 rs1 000 rd 0010011")
        public static long move(long rs1) {
            return rs1;
        }
    }

    @Test
    void conflictsNameBothSides() {
        var e = assertThrows(InvalidInstructionException.class,
                () -> InstructionTable.builder(List.of(Toy.X, Toy.F)).add(Toy.class, Conflicting.class).build());
        assertTrue(e.getMessage().contains("Toy#addi") && e.getMessage().contains("Conflicting#move"), e.getMessage());
    }

    public static final class TooShort {
        private TooShort() {}

        @Encoding("rs1 000 rd 0010011")
        public static long wrong(long rs1) {
            return rs1;
        }
    }

    public static final class UnknownParameter {
        private UnknownParameter() {}

        @Encoding("000000000000 rs1 000 rd 0010011")
        public static long wrong(long rs1, long offset) {
            return rs1 + offset;
        }
    }

    public static final class NoDestination {
        private NoDestination() {}

        @Encoding("000000000000 rs1 000 00000 0010011")
        public static long wrong(long rs1) {
            return rs1;
        }
    }

    public static final class WrongType {
        private WrongType() {}

        @Encoding("000000000000 rs1 000 rd 0010011")
        public static long wrong(String rs1) {
            return rs1.length();
        }
    }

    @Test
    void definitionsThatAreNotWellFormedSayWhy() {
        assertWrong(TooShort.class, "is 20 bits wide; 16 or 32");
        assertWrong(UnknownParameter.class, "has no field 'offset'");
        assertWrong(NoDestination.class, "no destination register");
        assertWrong(WrongType.class, "'rs1' cannot be java.lang.String; registers are long or double");
    }

    private static void assertWrong(Class<?> owner, String reason) {
        var e = assertThrows(InvalidInstructionException.class,
                () -> InstructionTable.builder(List.of(Toy.X, Toy.F)).add(owner).build());
        assertTrue(e.getMessage().startsWith(owner.getName() + "#wrong: "), e.getMessage());
        assertTrue(e.getMessage().contains(reason), e.getMessage());
    }
}
