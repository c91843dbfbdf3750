package org.vm.machine.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.vm.api.ConfigurationException;

class BoardTest {
    private static Map<String, String> settings(Board board, String part) {
        return board.parts().stream().filter(p -> p.name().equals(part)).findFirst().orElseThrow().properties();
    }

    @Test
    void partsCanBeSetInOtherWaysThanTheBoardSays() {
        Board board = Board.virt().with(List.of("pci.rootPorts=16", "pci.interrupts = 40", "uart.name=a=b"));
        assertEquals(Map.of("rootPorts", "16", "interrupts", "40"), settings(board, "pci"));
        assertEquals("a=b", settings(board, "uart").get("name"));
        assertEquals(settings(Board.virt(), "uart").get("console.target"), settings(board, "uart").get("console.target"));
        assertEquals(Map.of(), settings(Board.virt(), "pci"));
    }

    @Test
    void whatIsNoSettingOfAPartIsRefusedWithWhatThereIs() {
        for (String wrong : new String[] {"pci", "pci=1", ".x=1", "pci.=1", "=1", ""}) {
            assertThrows(ConfigurationException.class, () -> Board.virt().with(List.of(wrong)), wrong);
        }
        String message = assertThrows(ConfigurationException.class, () -> Board.virt().with(List.of("gpu.x=1"))).getMessage();
        assertTrue(message.contains("'gpu'") && message.contains("pci"), message);
    }

    @Test
    void theAdvancedInterruptArchitectureTakesThePlacesOfVirtualPlatforms() {
        assertEquals(Board.virt(), Board.virt().aia("none"));
        Board wires = Board.virt().aia("aplic");
        Board messages = Board.virtAclint().aia("aplic-imsic").with(List.of("imsic.identities=127"));
        for (Board board : List.of(wires, messages)) {
            assertTrue(board.parts().stream().noneMatch(part -> part.name().equals("plic")));
            assertEquals(0x0d00_0000, part(board, "aplic").base());
        }
        assertEquals(Map.of(), settings(wires, "aplic"));
        assertEquals(Map.of("messages", "true"), settings(messages, "aplic"));
        assertEquals(0x2800_0000, part(messages, "imsic").base());
        assertEquals(Map.of("identities", "127"), settings(messages, "imsic"));
        assertThrows(ConfigurationException.class, () -> Board.virt().aia("imsic"));
    }

    private static Board.Part part(Board board, String name) {
        return board.parts().stream().filter(part -> part.name().equals(name)).findFirst().orElseThrow();
    }
}
