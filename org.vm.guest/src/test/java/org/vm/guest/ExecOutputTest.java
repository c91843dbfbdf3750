package org.vm.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ExecOutputTest {
    private static final String TOKEN = "0123456789abcdef";
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final ByteArrayOutputStream console = new ByteArrayOutputStream();
    private final ExecOutput exec = new ExecOutput(TOKEN, output, console);

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private void accept(String text) throws IOException {
        exec.accept(ByteBuffer.wrap(bytes(text)));
    }

    @Test
    void theOutputIsWhatStandsBetweenTheMarkers() throws IOException {
        accept("boot\r\n\u0001" + TOKEN + "<\na\r\nb\u0001" + TOKEN + ">7\nerrors\r\n");
        assertEquals("a\r\nb", output.toString(StandardCharsets.ISO_8859_1));
        assertEquals("boot\r\nerrors\r\n", console.toString(StandardCharsets.ISO_8859_1));
        assertEquals(OptionalInt.of(7), exec.status());
    }

    @Test
    void withoutAnEndThereIsNoStatus() throws IOException {
        assertFalse(exec.started());
        accept("\u0001" + TOKEN + "<\nhalf");
        assertTrue(exec.started());
        assertEquals(OptionalInt.empty(), exec.status());
    }

    @Test
    void aGuestThatGuessesItsMarkerIsOutputLikeAnyOther() throws IOException {
        String tricky = "\u0001\u0001" + TOKEN.substring(0, 8) + "\u0001" + TOKEN + "<\n\u0001ffff>0\n\u0001";
        accept("\u0001" + TOKEN + "<\n" + tricky + "\u0001" + TOKEN + ">0\n");
        assertEquals(tricky, output.toString(StandardCharsets.ISO_8859_1));
        assertEquals(OptionalInt.of(0), exec.status());
    }

    @RepeatedTest(50)
    void anyBytesInAnyPiecesComeOutUnchanged(RepetitionInfo repetition) throws IOException {
        Random random = new Random(repetition.getCurrentRepetition());
        byte[] content = new byte[random.nextInt(2000)];
        for (int i = 0; i < content.length; i++) {
            // Mostly bytes of markers, so that partial ones are frequent.
            content[i] = random.nextInt(4) == 0 ? (byte) random.nextInt() : (byte) ("\u0001" + TOKEN).charAt(random.nextInt(17));
        }
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        line.write(bytes("noise\u0001" + TOKEN + "<\n"));
        line.write(content);
        line.write(bytes("\u0001" + TOKEN + ">255\nmore"));
        byte[] all = line.toByteArray();
        for (int at = 0; at < all.length; ) {
            int length = Math.min(1 + random.nextInt(40), all.length - at);
            exec.accept(ByteBuffer.wrap(all, at, length));
            at += length;
        }
        assertArrayEquals(content, output.toByteArray());
        assertEquals("noisemore", console.toString(StandardCharsets.ISO_8859_1));
        assertEquals(OptionalInt.of(255), exec.status());
    }
}
