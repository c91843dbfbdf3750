/** The neutral instruction model: one annotated method is one instruction. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
package org.vm.api.isa;
