package org.vm.isa;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.vm.api.InvalidInstructionException;
import org.vm.api.isa.DecodedRow;
import org.vm.isa.Dialect.Pseudo;

class AssemblerTest {
    private static final Dialect DIALECT = new Dialect(
            Map.of("csr", Map.of("sstatus", 0x100L), "rm", Map.of("rne", 0L, "rtz", 1L, "dyn", 7L), "pred", Map.of("rw", 3L),
                    "succ", Map.of("w", 1L)),
            Map.of("rm", 7L),
            Map.of(".aq", Map.of("aq", 1L), ".rl", Map.of("rl", 1L), ".aqrl", Map.of("aq", 1L, "rl", 1L)),
            Map.of("hi", x -> x + 0x800 >> 12 & 0xFFFFF, "lo", x -> x << 52 >> 52),
            Map.of("fp", "s0"),
            List.of(Pseudo.of("beqz", 2, "beq $1, zero, $2"), Pseudo.of("mv", 2, "addi $1, $2, 0"),
                    new Pseudo("li", 2, (operands, constants) -> constants.value(operands.get(1)) < 2048
                            ? List.of("addi " + operands.get(0) + ", zero, " + operands.get(1))
                            : List.of("lui " + operands.get(0) + ", %hi(" + operands.get(1) + ")",
                                    "addi " + operands.get(0) + ", " + operands.get(0) + ", %lo(" + operands.get(1) + ")"))));
    private static final InstructionTable TABLE =
            InstructionTable.builder(List.of(Toy.X, Toy.F)).add(Toy.class).dialect(DIALECT).build();

    private final Assembler assembler = new Assembler(TABLE);

    private void assertWords(String source, int... words) {
        ByteBuffer bytes = ByteBuffer.wrap(assembler.assemble(source, 0x1000).bytes()).order(ByteOrder.LITTLE_ENDIAN);
        int[] assembled = new int[bytes.remaining() / 4];
        bytes.asIntBuffer().get(assembled);
        assertArrayEquals(words, assembled);
    }

    private void assertError(String source, String... parts) {
        String message = assertThrows(InvalidInstructionException.class, () -> assembler.assemble(source)).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }

    @Test
    void registersHaveNumbersNamesAndAliases() {
        assertWords("addi a0, a1, -1; addi x10, x11, -1", 0xfff58513, 0xfff58513);
        assertWords("addi fp, s0, 0", 0x00040413);
    }

    @Test
    void memoryOperandsMayLackTheirOffset() {
        assertWords("ld a0, 8(a1); ld a0, (a1); sd a0, 4+4(a1)", 0x0085b503, 0x0005b503, 0x00a5b423);
    }

    @Test
    void labelsAreReachedInBothDirections() {
        assertWords("""
                start:  beqz a0, end    # forward
                1:      beq a0, a1, 1b
                        beq a0, a1, 1f  // the next one
                        jal ra, start
                1: end: jalr zero, 0(ra)
                """, 0x00050863, 0x00b50063, 0x00b50463, 0xff5ff0ef, 0x00008067);
    }

    @Test
    void suffixesAndDefaultsSetFields() {
        assertWords("amoadd.d.aqrl a0, a2, (a1); amoadd.d a0, a2, 0(a1)", 0x06c5b52f, 0x00c5b52f);
        assertWords("fadd.d fa10, fa11, fa12; fadd.d fa10, fa11, fa12, rtz", 0x02c5f553, 0x02c59553);
    }

    @Test
    void fieldsHaveNamedValues() {
        assertWords("csrrw a0, sstatus, a0; fence rw, w", 0x10051573, 0x0310000f);
    }

    @Test
    void pseudoInstructionsMayDependOnConstants() {
        assertWords(".equ SMALL, 5\n.equ BIG, SMALL << 12 | 0xfff\nli a0, SMALL\nli a0, BIG", 0x00500513, 0x00006537, 0xfff50513);
    }

    @Test
    void compressedInstructionsAreWrittenByName() {
        byte[] bytes = assembler.assemble("c.addi a0, -1; c.addi16sp -64; c.sdsp ra, 24(sp); c.jr ra").bytes();
        assertArrayEquals(new byte[] {0x7d, 0x15, 0x39, 0x71, 0x06, (byte) 0xec, (byte) 0x82, (byte) 0x80}, bytes);
    }

    @Test
    void dataIsLaidOutAsTheDirectivesSay() {
        Program program = assembler.assemble("""
                        .org 0x80000000
                first:  .byte 1, -1, 'A', '\\n'
                        .balign 8
                text:   .asciz "a#b;\\x41\\"", "/"
                        .align 2
                last:   .dword last - first, text
                        .half 0xffff
                        .zero 2
                        .org 0x80000030
                """);
        assertEquals(0x80000000L, program.origin());
        assertEquals(0x80000008L, program.symbol("text"));
        ByteBuffer bytes = ByteBuffer.wrap(program.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0x0a41ff01, bytes.getInt(0));
        assertEquals("a#b;A\"\0/\0", new String(program.bytes(), 8, 9, java.nio.charset.StandardCharsets.UTF_8));
        assertEquals(0x80000014L, program.symbol("last"));
        assertEquals(0x14, bytes.getLong(0x14));
        assertEquals(0x80000008L, bytes.getLong(0x1c));
        assertEquals(0x30, program.bytes().length);
    }

    @Test
    void mistakesNameTheLineAndTheReason() {
        assertError("\n add a0, a1", "line 2", "no instruction 'add'");
        assertError("ld a0, a1, 8", "'ld a0, a1, 8' is not of the form 'ld rd, imm(rs1)'");
        assertError("addi a0, a1, 2048", "'addi' cannot express imm = 2048");
        assertError("addi a0, a1, nowhere", "no symbol 'nowhere'");
        assertError("beqz a0, 1b", "no label '1:' before");
        assertError("a: .word 1\na: .word 2", "line 2: 'a' is defined already");
        assertError(".byte 256", "'256' = 256 does not fit into .byte");
        assertError(".word 1\n.org 0", "behind the present address 0x4");
        assertError(".wrod 1", "no directive '.wrod'");
        assertError("c.addi zero, 1", "'c.addi' cannot express rd = 0");
        assertError("amoadd.d a0, a2, 8(a1)", "takes no offset");
        assertError("addi a0, a1, (1 + 2", "closing parenthesis is missing");
        assertError(".ascii \"abc", "quotation mark is not closed");
    }

    /** Whatever decodes is written so that the assembler reads the same bits back. */
    @Property
    void whatTheDisassemblerWritesTheAssemblerReads(@ForAll int bits) throws NoSuchMethodException {
        RowDecoder decoder = TABLE.decoder(e -> true, InstructionTable.row(Toy.class.getMethod("illegal", int.class)));
        // Random bits are hardly ever an instruction: take an instruction's fixed bits, too.
        for (Form form : TABLE.forms()) {
            int width = form.pattern.width();
            int encoding = (bits & ~form.pattern.mask() | form.pattern.match()) & (width == 16 ? 0xFFFF : -1);
            DecodedRow decoded = decoder.decode(encoding, width / 8);
            boolean unwritten = decoded.mnemonic().equals("fence");
            if (form.pattern.matches(encoding) && !unwritten) {
                String text = TABLE.disassemble(decoded, 0x4000_0000);
                ByteBuffer bytes = ByteBuffer.wrap(assembler.assemble(text, 0x4000_0000).bytes()).order(ByteOrder.LITTLE_ENDIAN);
                assertEquals(encoding, width == 16 ? bytes.getShort() & 0xFFFF : bytes.getInt(), text);
            }
        }
    }
}
