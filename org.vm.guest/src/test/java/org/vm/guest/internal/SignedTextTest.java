package org.vm.guest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.ConfigurationException;
import org.vm.api.VmException;

class SignedTextTest {
    private static final String TEXT = "Suite: stable\n- dash\n-----odd\nspaces at the end  \t\nlast\n";

    @TempDir Path folder;
    private final TestArchive.Signer signer = TestArchive.Signer.generate();
    private Keyring keyring;

    @BeforeEach
    void trust() throws IOException {
        keyring = Keyring.read(List.of(signer.install(folder)), "the test's keyring");
    }

    private String refusal(String signed) {
        return assertThrows(VmException.class, () -> verify(signed)).getMessage();
    }

    private String verify(String signed) {
        return SignedText.verify(signed.getBytes(StandardCharsets.UTF_8), keyring, "the file");
    }

    private static String signed(TestArchive.Signer by) {
        return new String(by.sign(TEXT), StandardCharsets.UTF_8);
    }

    @Test
    void aTextThatATrustedKeySignedIsReturnedAsItWasSigned() {
        assertEquals("Suite: stable\n- dash\n-----odd\nspaces at the end\nlast\n", verify(signed(signer)));
    }

    @Test
    void lineEndsMayHaveChangedOnTheWay() {
        assertEquals(verify(signed(signer)), verify(signed(signer).replace("\n", "\r\n")));
    }

    @Test
    void aChangedTextIsRefused() {
        assertTrue(refusal(signed(signer).replace("stable", "stabel")).contains("is wrong"));
    }

    @Test
    void anUnknownKeyIsRefusedWithWhatToDo() {
        String message = refusal(signed(TestArchive.Signer.generate()));
        assertTrue(message.contains("nobody that this host trusts") && message.contains("debian-archive-keyring"), message);
    }

    @Test
    void textAroundTheSignedOneIsRefused() {
        assertTrue(refusal("Suite: evil\n" + signed(signer)).contains("is not a signed text"));
        assertTrue(refusal(signed(signer) + "Suite: evil\n").contains("is not a signed text"));
        assertTrue(refusal(signed(signer) + signed(signer)).contains("is not a signed text"));
    }

    @Test
    void textWithoutASignatureIsRefused() {
        String signed = signed(signer);
        assertTrue(refusal("").contains("is not a signed text"));
        assertTrue(refusal(TEXT).contains("is not a signed text"));
        assertTrue(refusal(signed.substring(0, signed.indexOf("-----BEGIN PGP SIGNATURE"))).contains("is not a signed text"));
        String empty = signed.replaceAll("(?s)(-----BEGIN PGP SIGNATURE-----\n).*(\n-----END)", "$1$2");
        refusal(empty);
    }

    @Test
    void noChangeOfOneByteOfTheSignaturePasses() {
        String signed = signed(signer);
        int from = signed.indexOf("-----BEGIN PGP SIGNATURE-----\n") + 30;
        int to = signed.indexOf("-----END PGP SIGNATURE");
        int accepted = 0;
        for (int at = from; at < to; at++) {
            char was = signed.charAt(at);
            if (Character.isLetterOrDigit(was)) {
                try {
                    verify(signed.substring(0, at) + (was == 'A' ? 'B' : 'A') + signed.substring(at + 1));
                    accepted++;
                } catch (VmException expected) {
                    assertTrue(expected.getMessage().contains("the file"), expected.getMessage());
                }
            }
        }
        // Unsigned parts of the packet, its check sum (which may be missing) and padding bits may change; the rest not.
        assertTrue(accepted < 40, accepted + " changes were accepted");
    }

    @Test
    void aKeyringThatIsNoneIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("debian-archive-broken.gpg"), "no keys");
        assertTrue(assertThrows(ConfigurationException.class, () -> Keyring.read(List.of(file), "x")).getMessage()
                .contains("debian-archive-broken.gpg"));
    }

    @Test
    void removedKeysAreNotTrusted() throws IOException {
        Path elsewhere = folder.resolve("removed");
        Files.move(signer.install(elsewhere), elsewhere.resolve("debian-archive-removed-keys.gpg"));
        assertTrue(Keyring.installed(List.of(elsewhere)).isEmpty());
    }
}
