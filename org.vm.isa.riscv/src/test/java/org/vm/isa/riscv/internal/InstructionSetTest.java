package org.vm.isa.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vm.api.GuestArch;
import org.vm.api.InvalidInstructionException;
import org.vm.api.isa.ControlRegister;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.isa.InstructionSet;
import org.vm.api.isa.Into;

public class InstructionSetTest {
    private final RiscvInstructionSet isa = new RiscvInstructionSet(List.of());

    private DecodedRow decode(int bits) {
        return isa.decoder(DecodingContext.DIRTY)
                .decode(address -> address == 0 ? bits & 0xFFFF : bits >>> 16, 0).getLast();
    }

    private String text(int bits) {
        return isa.disassemble(decode(bits), 0x1000);
    }

    @Test
    void theIsaStringIsInCanonicalOrder() {
        assertEquals("rv64imafdc_zicbom_zicboz_zicntr_zicond_zicsr_zifencei_zihintntl_zihintpause_zawrs_zcb_zba_zbb_zbs"
                + "_sstc_svadu_svinval_svnapot_svpbmt", isa.name());
    }

    @Test
    void theAllZeroAndAllOneEncodingsAreIllegal() {
        assertEquals("illegal", decode(0).row().name());
        assertEquals(2, decode(0).length());
        assertEquals("illegal", decode(-1).row().name());
        assertEquals(4, decode(-1).length());
    }

    @Test
    void encodingsOfTheManualsAssemblerAreRead() {
        assertEquals("addi a0, a1, -1", text(0xfff58513));
        assertEquals("csrrw a0, satp, a1", text(0x18059573));
        assertEquals("ld a0, 8(sp)", text(0x00813503));
        assertEquals("c.ldsp ra, 24(sp)", text(0x60e2));
        assertEquals("c.j 0x1000", text(0xa001));
        assertEquals("jal ra, 0x1800", text(0x001000ef));
        assertEquals("fence iorw, iorw", text(0x0ff0000f));
        assertEquals("sfence.vma zero, zero", text(0x12000073));
        assertEquals("amoadd.d.aqrl a0, a1, (a2)", text(0x06b6352f));
        assertEquals("cbo.zero (a0)", text(0x0045200f));
    }

    @Test
    void reservedCompressedEncodingsAreIllegalAndHintsAreNot() {
        for (int reserved : new int[] {0x4002, 0x6002, 0x2001, 0x6101, 0x8002, 0x6081, 0x0004, 0x9c00, 0x9c7d}) {
            assertEquals("illegal", decode(reserved).row().name(), () -> Integer.toHexString(reserved));
        }
        for (int hint : new int[] {0x0005, 0x4005, 0x6005, 0x8006, 0x900a, 0x0002, 0x0006, 0x8001, 0x0081}) {
            assertFalse(decode(hint).row().name().equals("illegal"), () -> Integer.toHexString(hint));
        }
    }

    /** Instructions of another bundle. */
    @Extension("xmac")
    public static final class Mac {
        private Mac() {}

        @Encoding("0000000 rs2 rs1 000 rd 0001011")
        public static long mac(long rs1, long rs2) {
            return rs1 * rs2 + (int) rs1;
        }
    }

    /** One that is taken already. */
    @Extension("xwrong")
    public static final class Wrong {
        private Wrong() {}

        @Encoding("0000000 rs2 rs1 000 rd 0110011")
        public static long plus(long rs1, long rs2) {
            return rs1 + rs2;
        }
    }

    private static InstructionExtension extension(GuestArch architecture, String name, Class<?> owner) {
        return new InstructionExtension() {
            @Override
            public GuestArch architecture() {
                return architecture;
            }

            @Override
            public String name() {
                return name;
            }

            @Override
            public List<Class<?>> instructions() {
                return List.of(owner);
            }
        };
    }

    @Test
    void anotherBundlesInstructionIsDecodedAndNamedInTheIsaString() {
        InstructionSet with = new RiscvArchitecture()
                .instructionSet(List.of(extension(GuestArch.RISCV64, "xmac", Mac.class)));
        int bits = 0x00B5_050B;
        DecodedRow row = with.decoder(DecodingContext.OFF)
                .decode(address -> address == 0 ? bits & 0xFFFF : bits >>> 16, 0).getLast();
        assertEquals("mac a0, a0, a1", with.disassemble(row, 0));
        assertTrue(with.name().endsWith("_xmac"));
        assertEquals("illegal", decode(bits).row().name());
    }

    @Test
    void anotherArchitecturesInstructionsAreNotTaken() {
        InstructionSet with = new RiscvArchitecture()
                .instructionSet(List.of(extension(GuestArch.ARM64, "xmac", Mac.class)));
        assertEquals(isa.name(), with.name());
    }

    @Test
    void anInstructionThatOverlapsIsRefusedWithBothNames() {
        List<InstructionExtension> wrong = List.of(extension(GuestArch.RISCV64, "xwrong", Wrong.class));
        String message = assertThrows(InvalidInstructionException.class,
                () -> new RiscvArchitecture().instructionSet(wrong)).getMessage();
        assertTrue(message.contains("plus") && message.contains("add"), message);
    }

    @ControlRegister(number = 0x800, name = "macc")
    public static final class Acc {
        private Acc() {}

        @Into("macc")
        @Encoding("0000000 rs2 rs1 000 00000 0001011")
        public static long mac(long macc, long rs1, long rs2) {
            return macc + rs1 * rs2;
        }

        /** {@code other} is a field here, whatever it is in another bundle. */
        @Encoding("other:7 00000 rs1 001 rd 0001011")
        public static long scale(long rs1, int other) {
            return rs1 * other;
        }
    }

    @ControlRegister(number = 0x800, name = "another")
    public static final class SameNumber {
        private SameNumber() {}
    }

    @ControlRegister(number = 0x801, name = "macc")
    public static final class SameName {
        private SameName() {}
    }

    @ControlRegister(number = 0x801, name = "other")
    public static final class Other {
        private Other() {}
    }

    @ControlRegister(number = 0x1C0, name = "wrong")
    public static final class Standard {
        private Standard() {}
    }

    @ControlRegister(number = 0x802, name = "mstatus")
    public static final class StandardName {
        private StandardName() {}
    }

    public static final class Undeclared {
        private Undeclared() {}

        @Into("nothing")
        @Encoding("0000000 rs2 rs1 000 00000 0001011")
        public static long mac(long rs1, long rs2) {
            return rs1 * rs2;
        }
    }

    private static String refusal(Class<?>... owners) {
        List<InstructionExtension> all = Arrays.stream(owners)
                .map(owner -> extension(GuestArch.RISCV64, "x" + owner.getSimpleName(), owner)).toList();
        return assertThrows(InvalidInstructionException.class, () -> new RiscvArchitecture().instructionSet(all)).getMessage();
    }

    @Test
    void controlRegistersInEachOthersPlaceAreRefusedWithBothNames() {
        for (Class<?> other : List.of(SameNumber.class, SameName.class)) {
            String message = refusal(Acc.class, other);
            assertTrue(message.contains(Acc.class.getName()) && message.contains(other.getName()), message);
        }
        assertTrue(refusal(Standard.class).contains("0x1c0"));
        assertTrue(refusal(StandardName.class).contains("mstatus"));
        assertTrue(refusal(Undeclared.class).contains("Undeclared#mac: @Into(\"nothing\")"));
    }

    @Test
    void registersOfOneBundleAreNoOperandsOfAnothersInstructions() {
        InstructionSet with = new RiscvArchitecture().instructionSet(List.of(
                extension(GuestArch.RISCV64, "xacc", Acc.class), extension(GuestArch.RISCV64, "xother", Other.class)));
        int bits = 0x0605_150B;
        DecodedRow row = with.decoder(DecodingContext.OFF)
                .decode(address -> address == 0 ? bits & 0xFFFF : bits >>> 16, 0).getLast();
        assertEquals("scale a0, a0, 3", with.disassemble(row, 0));
        int access = 0x8005_1573;
        DecodedRow swap = with.decoder(DecodingContext.OFF)
                .decode(address -> address == 0 ? access & 0xFFFF : access >>> 16, 0).getLast();
        assertEquals("csrrw a0, macc, a0", with.disassemble(swap, 0));
    }
}
