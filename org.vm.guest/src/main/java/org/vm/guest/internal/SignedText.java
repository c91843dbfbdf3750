package org.vm.guest.internal;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeSet;
import java.util.Set;
import org.bouncycastle.bcpg.ArmoredInputStream;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPPublicKey;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureList;
import org.bouncycastle.openpgp.PGPObjectFactory;
import org.bouncycastle.openpgp.operator.bc.BcKeyFingerprintCalculator;
import org.bouncycastle.openpgp.operator.bc.BcPGPContentVerifierBuilderProvider;
import org.vm.api.VmException;

/**
 * Text with a signature around it: OpenPGP's cleartext signature framework (RFC 9580, section 7). Only what the
 * signature covers is ever returned; anything before or behind it is refused, so that nothing unsigned is read.
 */
final class SignedText {
    private static final String BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----";
    private static final String SIGNATURE = "-----BEGIN PGP SIGNATURE-----";
    private static final String END = "-----END PGP SIGNATURE-----";
    private static final Set<Integer> STRONG_HASHES = Set.of(HashAlgorithmTags.SHA256, HashAlgorithmTags.SHA384,
            HashAlgorithmTags.SHA512, HashAlgorithmTags.SHA3_256, HashAlgorithmTags.SHA3_512);

    private SignedText() {}

    /**
     * @param where where the text comes from, for messages
     * @return the text, if a key of the keyring signed it
     */
    static String verify(byte[] signed, Keyring keyring, String where) {
        List<String> lines = new String(signed, StandardCharsets.UTF_8).lines().toList();
        int body = lines.indexOf("") + 1;
        int end = lines.indexOf(SIGNATURE);
        int last = lines.indexOf(END);
        if (lines.isEmpty() || !lines.getFirst().equals(BEGIN) || body < 1 || end < body || last < end
                || !lines.subList(last + 1, lines.size()).stream().allMatch(String::isBlank)) {
            throw new VmException(where + " is not a signed text; is the mirror's address right?");
        }
        // Dash-escaping is undone, and white space at the end of a line is not signed (section 7.2).
        List<String> text = lines.subList(body, end).stream()
                .map(line -> line.startsWith("- ") ? line.substring(2) : line).map(SignedText::withoutTrailingSpace).toList();
        byte[] canonical = String.join("\r\n", text).getBytes(StandardCharsets.UTF_8);
        String armour = String.join("\n", lines.subList(end, last + 1)) + "\n";

        Set<String> unknown = new TreeSet<>();
        Set<String> wrong = new TreeSet<>();
        for (PGPSignature signature : signatures(armour, where)) {
            String id = "%016X".formatted(signature.getKeyID());
            List<PGPPublicKey> candidates = keyring.find(signature.getKeyID());
            if (candidates.isEmpty()) {
                unknown.add(id);
            }
            for (PGPPublicKey key : candidates) {
                if (isGood(signature, key, canonical, where)) {
                    return String.join("\n", text) + "\n";
                }
                wrong.add(id);
            }
        }
        if (!wrong.isEmpty()) {
            throw new VmException("the signature of " + where + " by key " + String.join(", ", wrong)
                    + " is wrong: the file was changed or damaged on its way; try another mirror");
        }
        throw new VmException("nobody that this host trusts signed " + where + " (signed by " + String.join(", ", unknown)
                + ", trusted are the keys in " + keyring.origin()
                + "); install a newer package debian-archive-keyring, or name a keyring file with VMM_KEYRING");
    }

    private static PGPSignatureList signatures(String armour, String where) {
        Object object;
        try {
            object = new PGPObjectFactory(
                    new ArmoredInputStream(new ByteArrayInputStream(armour.getBytes(StandardCharsets.US_ASCII))),
                    new BcKeyFingerprintCalculator()).nextObject();
        } catch (IOException | RuntimeException e) {
            throw new VmException("the signature of " + where + " cannot be read: " + e.getMessage(), e);
        }
        if (object instanceof PGPSignatureList list) {
            return list;
        }
        throw new VmException(where + " has no signature where one must be");
    }

    private static boolean isGood(PGPSignature signature, PGPPublicKey key, byte[] canonical, String where) {
        boolean text = signature.getSignatureType() == PGPSignature.CANONICAL_TEXT_DOCUMENT
                || signature.getSignatureType() == PGPSignature.BINARY_DOCUMENT;
        if (!text || !STRONG_HASHES.contains(signature.getHashAlgorithm())
                || Keyring.expired(key, signature.getCreationTime())) {
            return false;
        }
        try {
            signature.init(new BcPGPContentVerifierBuilderProvider(), key);
            signature.update(canonical);
            return signature.verify();
        } catch (PGPException e) {
            throw new VmException("the signature of " + where + " cannot be checked: " + e.getMessage(), e);
        }
    }

    private static String withoutTrailingSpace(String line) {
        int end = line.length();
        while (end > 0 && (line.charAt(end - 1) == ' ' || line.charAt(end - 1) == '\t' || line.charAt(end - 1) == '\r')) {
            end--;
        }
        return line.substring(0, end);
    }
}
