/* The files of labs/, as they are, in read-only data. */
    .section .rodata
    .global labs_secrets_manager_plan, labs_secrets_manager_plan_end
labs_secrets_manager_plan:
    .incbin "labs/secrets-manager/plan.yaml"
labs_secrets_manager_plan_end:
    .byte 0
    .global labs_secrets_manager_world, labs_secrets_manager_world_end
labs_secrets_manager_world:
    .incbin "labs/secrets-manager/world.yaml"
labs_secrets_manager_world_end:
    .byte 0
    .global labs_secrets_manager_access, labs_secrets_manager_access_end
labs_secrets_manager_access:
    .incbin "labs/secrets-manager/access.sh"
labs_secrets_manager_access_end:
    .byte 0
    .section .note.GNU-stack,"",@progbits
