package org.vm.device.virtio.internal;

import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import org.osgi.service.component.annotations.Component;
import org.vm.api.backend.EntropySource;

/** Random bytes from the Java platform; any other {@link EntropySource} service ranks higher. */
@Component(property = "service.ranking:Integer=-1000")
public final class SecureRandomEntropy implements EntropySource {
    private final SecureRandom random = new SecureRandom();

    @Override
    public void fill(MemorySegment into) {
        byte[] piece = new byte[(int) Math.min(into.byteSize(), 4096)];
        for (long done = 0; done < into.byteSize(); done += piece.length) {
            random.nextBytes(piece);
            long length = Math.min(piece.length, into.byteSize() - done);
            MemorySegment.copy(MemorySegment.ofArray(piece), 0, into, done, length);
        }
    }
}
