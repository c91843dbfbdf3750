package org.vm.shell.internal.terminal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.vm.shell.internal.terminal.EscapeKeys.Request;

class EscapeKeysTest {
    private final EscapeKeys keys = new EscapeKeys();

    @Test
    void whatIsTypedGoesToTheGuest() {
        assertEquals(Request.NONE, type("ls\r\003"));
        assertArrayEquals("ls\r\003".getBytes(StandardCharsets.ISO_8859_1), keys.typed());
        assertArrayEquals(new byte[0], keys.typed());
    }

    @Test
    void ctrlAAndAKeyIsForTheMonitor() {
        assertEquals(Request.QUIT, type("\001x"));
        assertEquals(Request.SHELL, type("\001c"));
        assertEquals(Request.DETACH, type("\001d"));
        assertEquals(Request.HELP, type("\001h"));
        assertEquals(Request.NONE, type("\001z"));
        assertArrayEquals(new byte[0], keys.typed());
    }

    @Test
    void ctrlATwiceSendsItOnce() {
        assertEquals(Request.NONE, type("\001\001x"));
        assertArrayEquals(new byte[] {1, 'x'}, keys.typed());
    }

    private Request type(String text) {
        Request last = Request.NONE;
        for (char key : text.toCharArray()) {
            last = keys.accept(key);
        }
        return last;
    }
}
