package org.vm.backend.block.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.osgi.service.component.annotations.Component;
import org.vm.api.ConfigurationException;
import org.vm.api.backend.BlockBackend;
import org.vm.api.backend.BlockBackendFactory;

/** Opens the image or makes the RAM disk that a disk's own configuration names. */
@Component(property = "kind=local")
public final class LocalStorage implements BlockBackendFactory {
    @Override
    public BlockBackend open(Map<String, ?> properties) {
        String file = text(properties, "file");
        String ram = text(properties, "ram");
        if (file.isEmpty() == ram.isEmpty()) {
            throw new ConfigurationException("a disk needs " + (file.isEmpty() ? "storage" : "one storage, not two")
                    + ": give either file=PATH or ram=SIZE");
        }
        if (file.isEmpty()) {
            return new RamDiskBackend(ByteSize.parse(ram));
        }
        FileBlockBackend image = new FileBlockBackend(Path.of(file), Boolean.parseBoolean(text(properties, "readOnly")));
        try {
            image.grow(text(properties, "size"));
            return image;
        } catch (IOException | ConfigurationException e) {
            try {
                image.close();
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e instanceof ConfigurationException known ? known
                    : new ConfigurationException("image '" + file + "' cannot be made larger: " + e.getMessage(), e);
        }
    }

    static String text(Map<String, ?> properties, String key) {
        Object value = properties.get(key);
        return value == null ? "" : value.toString().strip();
    }
}
