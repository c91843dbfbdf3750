package org.vm.kit;

import java.util.Arrays;
import java.util.stream.Collectors;
import javax.lang.model.SourceVersion;

/** The name of a plugin, {@code my-sensor}, and what follows from it. */
record ProjectName(String text) {
    private static final String PARENT = "org.example.";

    ProjectName {
        if (!text.matches("[a-z][a-z0-9]*(-[a-z0-9]+)*")) {
            throw new KitException("'" + text + "' is no name for a plugin: use small letters, digits and single hyphens,"
                    + " and begin with a letter, as in my-sensor");
        }
        if (!SourceVersion.isName(PARENT + text.replace("-", ""))) {
            throw new KitException("'" + text + "' is no name for a plugin: '" + text.replace("-", "")
                    + "' is a word of Java, and there would be a package of that name");
        }
    }

    /** Its package, which is also the PID of its configuration. */
    String packageName() {
        return PARENT + text.replace("-", "");
    }

    /** {@code MySensor}. */
    String className() {
        return Arrays.stream(text.split("-")).map(part -> Character.toUpperCase(part.charAt(0)) + part.substring(1))
                .collect(Collectors.joining());
    }
}
