# Terraform fetches nothing: sourced where it is called, with $work set.
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_INPUT=0 TF_CLI_ARGS=-no-color
# Only from a mirror. Where no configuration names one, those of the usual places serve.
if ! [ -f "${TF_CLI_CONFIG_FILE:-}" ]; then
    export TF_CLI_CONFIG_FILE=$work/terraformrc
    {
        echo 'provider_installation {'
        for mirror in "$HOME/.terraform.d/plugins" "${XDG_DATA_HOME:-$HOME/.local/share}/terraform/plugins" \
            /usr/local/share/terraform/plugins /usr/share/terraform/plugins /opt/*; do
            [ -d "$mirror/registry.terraform.io" ] && printf '  filesystem_mirror {\n    path = "%s"\n  }\n' "$mirror"
        done
        printf '  direct {\n    exclude = ["*/*"]\n  }\n}\n'
    } >"$TF_CLI_CONFIG_FILE"
fi
