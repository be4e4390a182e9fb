#!/bin/sh
# Certificates from a CSV and a ZIP of images, with curl alone:
#
#   TESTAMUR_URL=http://127.0.0.1:8000 TESTAMUR_API_KEY=pk_... \
#     sh bulk_mint.sh certificates.csv images.zip
#
# Leaves results-JOB.csv and results-JOB.zip in the current folder.
set -eu

ask() { # curl waits as long as Retry-After says when it is told "too often"
    curl --silent --show-error --fail-with-body --retry 3 \
        --header "x-api-key: $TESTAMUR_API_KEY" "$@"
}

field() { # the text or number that a JSON field of our answers holds
    sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

wait_for() {
    status=queued
    while [ "$status" = queued ] || [ "$status" = processing ]; do
        sleep 1
        job=$(ask "$jobs/$1")
        status=$(echo "$job" | field status)
        echo "$status: $(echo "$job" | field processedCount)" \
            "of $(echo "$job" | field totalCount)"
    done
}

jobs="$TESTAMUR_URL/api/bulk-mint"
set -- --form "metadata=@$1" ${2:+--form "images=@$2"}
id=$(ask "$jobs" "$@" | field jobId)
wait_for "$id"
if [ "$(echo "$job" | field failedCount)" -gt 0 ]; then
    echo "Retrying $(echo "$job" | field failedCount) failed certificates"
    ask --request POST "$jobs/$id/retry" >/dev/null
    wait_for "$id"
fi
for kind in csv zip; do
    ask --output "results-$id.$kind" "$jobs/$id/download/$kind"
done
echo "$(echo "$job" | field successCount) certificates: results-$id.csv and .zip"
