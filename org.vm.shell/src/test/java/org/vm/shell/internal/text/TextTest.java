package org.vm.shell.internal.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.vm.api.ConfigurationException;

class TextTest {
    @Test
    void sizesAreReadWithUnits() {
        assertEquals(512L << 20, Quantity.bytes("512M"));
        assertEquals(2L << 30, Quantity.bytes("2g"));
        assertEquals(64L << 10, Quantity.bytes("64KiB"));
        assertEquals(4096, Quantity.bytes("0x1000"));
        assertEquals(1_000_000, Quantity.bytes("1_000_000"));
        assertThrows(ConfigurationException.class, () -> Quantity.bytes(""));
        assertThrows(ConfigurationException.class, () -> Quantity.bytes("9999999999G"));
    }

    @Test
    void addressesMayUseAll64Bits() {
        assertEquals(-1L, Quantity.address("0xffff_ffff_ffff_ffff"));
        assertThrows(ConfigurationException.class, () -> Quantity.address("ffff"));
    }

    @Test
    void sizesArePrintedExactlyOrWithOneDecimal() {
        assertEquals("0 B", Quantity.size(0));
        assertEquals("256 MiB", Quantity.size(256 << 20));
        assertEquals("1.5 KiB", Quantity.size(1536));
        assertEquals("3 TiB", Quantity.size(3L << 40));
    }

    @Test
    void countsAreShort() {
        assertEquals("9999", Quantity.count(9999));
        assertEquals("10.0k", Quantity.count(10_000));
        assertEquals("4.56M", Quantity.count(4_560_000));
        assertEquals("123T", Quantity.count(123_000_000_000_000L));
    }

    @Test
    void theLastColumnIsWrapped() {
        StringWriter text = new StringWriter();
        new Table("N", "REMARK").right(0).row(1, "a sentence that is longer than the terminal").row(10, "")
                .print(new PrintWriter(text), 24);
        assertEquals("""
                 N  REMARK
                 1  a sentence that is
                    longer than the
                    terminal
                10
                """, text.toString().replace(System.lineSeparator(), "\n"));
    }

    @Test
    void aRowMustHaveACellForEachColumn() {
        assertThrows(IllegalArgumentException.class, () -> new Table("A", "B").row(1));
    }
}
