package org.vm.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VmConfigTest {
    private static VmConfig withTlb(int entries) {
        return new VmConfig("linux", GuestArch.RISCV64, ExecMode.HYBRID, 256L << 20, 1, 0, entries);
    }

    @ParameterizedTest
    @ValueSource(ints = {-16, 0, 8, 1000, 1 << 20, 1 << 30})
    void aTlbOfSuchASizeIsRefused(int entries) {
        String said = assertThrows(ConfigurationException.class, () -> withTlb(entries)).getMessage();
        assertTrue(said.contains("'linux'") && said.contains(" " + entries + ";") && said.contains("16 to 524288"), said);
    }

    @Test
    void aTlbOfAPowerOfTwoIsTaken() {
        assertEquals(16, withTlb(16).tlbEntries());
        assertEquals(1 << 19, withTlb(1 << 19).tlbEntries());
    }
}
